import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { templateName } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server that this run's databases are made on. */
    postgresUrl: string;
  }
}

/** Nothing here has to survive a power cut. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/** One Postgres for the whole run, with a migrated database that each test's own is copied from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
  const removeAll = () => rm(dataDir, { recursive: true, force: true });
  try {
    const postgres = await startEmbedded(dataDir, { settings });
    try {
      await makeTemplate(postgres.url);
    } catch (error) {
      await postgres.stop();
      throw error;
    }
    project.provide('postgresUrl', postgres.url);
    return async () => {
      await postgres.stop();
      await removeAll();
    };
  } catch (error) {
    await removeAll();
    throw error;
  }
}

async function makeTemplate(serverUrl: string): Promise<void> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  try {
    await client.query(`create database ${templateName}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${templateName}`;
  await migrate(url.href);
}
