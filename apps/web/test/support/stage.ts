/** The web app as people use it: a real server in demo mode, a cable that can be cut, and a browser with a person in each window. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { openBrowser } from '../../../../packages/client/test/support/browser.ts';
import { startCable, type Cable } from '../../../../packages/client/test/support/cable.ts';
import { endChildren } from '../../../../packages/server/test/support/child.ts';
import { startServerNode, type ServerNode } from '../../../../packages/server/test/support/node.ts';
import { createDatabase, type TestDatabase } from '../../../../packages/server/test/support/postgres.ts';
import { ensureBuilt } from './built.ts';
import { Person } from './person.ts';

export interface Stage {
  /** The address through the cable. */
  readonly url: string;
  readonly cable: Cable;
  readonly database: TestDatabase;
  readonly dataDir: string;
  readonly browser: Browser;
  /** A window of its own for somebody, who has signed in; with `context` for what kind of window it is. */
  person(name: string, context?: BrowserContextOptions): Promise<Person>;
  /** Two windows, two people, one conversation that both have open. */
  pair(first: string, second: string): Promise<[Person, Person]>;
  /** Another tab of the same window, by the same person. */
  tab(of: Person): Promise<Person>;
  /** A window in which nobody has signed in. */
  visitor(context?: BrowserContextOptions): Promise<Person>;
  /** The server is gone from one moment to the next. */
  kill(): Promise<void>;
  /** Starts it again. */
  restart(): Promise<void>;
  /** Fails if any window had an error that nobody expected. */
  close(): Promise<void>;
}

/** Demo mode, on a database of its own; limits are off unless `env` says otherwise. */
export async function openStage(env: Record<string, string> = {}): Promise<Stage> {
  await ensureBuilt();
  const [database, dataDir] = await Promise.all([createDatabase(), mkdtemp(join(tmpdir(), 'parley-web-'))]);
  const start = (): Promise<ServerNode> =>
    startServerNode({ DATABASE_URL: database.url, PARLEY_DATA_DIR: dataDir, JWT_SECRET: '', ...env });
  let node = await start();
  const cable = await startCable(node.origin);
  const browser = await openBrowser();
  const people: Person[] = [];
  const visitor = async (context: BrowserContextOptions = {}): Promise<Person> => {
    const own = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      ...context,
    });
    const person = new Person(await own.newPage(), cable.url);
    people.push(person);
    await person.page.goto(cable.url);
    return person;
  };
  const signIn = async (name: string, context?: BrowserContextOptions): Promise<Person> => {
    const person = await visitor(context);
    await person.signIn(name);
    return person;
  };
  return {
    url: cable.url,
    cable,
    database,
    dataDir,
    browser,
    visitor,
    person: signIn,
    pair: async (first, second) => {
      const [ann, bob] = [await signIn(first), await signIn(second)];
      await ann.begin([second]);
      await bob.open(first);
      return [ann, bob];
    },
    tab: async (of) => {
      // As a browser does when a tab is duplicated: with what the first keeps for its session.
      const kept = await of.page.evaluate(() => JSON.stringify(sessionStorage));
      const page = await of.page.context().newPage();
      await page.addInitScript((items) => {
        for (const [key, value] of Object.entries(JSON.parse(items) as Record<string, string>))
          sessionStorage.setItem(key, value);
      }, kept);
      const person = new Person(page, cable.url);
      people.push(person);
      await page.goto(cable.url);
      return person;
    },
    kill: async () => {
      node.child.process.kill('SIGKILL');
      await node.child.ended;
    },
    restart: async () => {
      node = await start();
      cable.leadTo(node.origin);
    },
    close: async () => {
      const errors = people.flatMap((person) => person.unexpectedErrors);
      await browser.close();
      await cable.cut();
      await endChildren();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
      if (errors.length > 0) throw new Error(`Windows had errors:\n${errors.join('\n')}`);
    },
  };
}
