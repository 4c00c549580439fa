/**
 * Coming back. A storm: that many people, each in some 20 groups of 10, lose their sockets at once; 10,000 messages are
 * sent while 5,000 of them are away; then all connect to one node at the same moment and resume. Some stay all the while and go on
 * talking. An hour offline: one person in 50 conversations, in each of which 200 messages were sent.
 */
import type { SyncAnswer } from '@parley/protocol';
import type pg from 'pg';
import { interleave, type Sample } from '../figures.ts';
import { startGenerator, type Generator } from '../generator.ts';
import type { CrowdCommands } from '../load/crowd.ts';
import { cpuOf, cpuOfFamily, metered, type Program } from '../program.ts';
import { ratio, type Scenario } from '../scenario.ts';
import { idOf, seedGroups, settle } from '../seed.ts';
import { tokenFor, type Stage } from '../stage.ts';

const groupSize = 10;
const groupsEach = 20;
/** Messages that are sent while all are away, for each of them: what each misses is ten times as many. */
const sentEach = 2;
const stayers = 50;
/** Messages a second of all that stay. */
const stayerRate = 100;
const [crowdKind, stayerKind, awayKind] = [1, 2, 3];
const awayConversations = 50;
const awayMessages = 200;

export const reconnect: Scenario = {
  name: 'reconnect',
  title:
    'thousands who come back at once and catch up ÷ the same who only connect; 10,000 missed messages ÷ a plain query',
  async run(stage, { short, rounds }) {
    const people = short ? 500 : 5000;
    await seed(stage.database, people);
    const server = await stage.startServer();
    const crowd = startGenerator<CrowdCommands>('crowd.ts');
    const talkers = startGenerator<CrowdCommands>('crowd.ts');
    try {
      const storm = await openStorm({ stage, server, crowd, talkers, people });
      const returning = await interleave(
        short ? 1 : Math.min(rounds, 2),
        { 'catching up': storm.catchUp, 'only connecting': storm.connect },
        { warmUp: false },
      );
      const cursor = await storm.leave();
      const away = await interleave(Math.max(2, rounds), {
        'offline, REST': await openAway(stage, server, cursor),
        'offline, WebSocket': () => resume(stage, server, crowd, cursor),
        'plain query': () => readPlainly(stage.database),
      });
      const up = returning['catching up'];
      const connecting = returning['only connecting'];
      return {
        subjects: { ...returning, ...away },
        ratios: [
          ratio('until all caught up ÷ until all connected', up, connecting, 'all ms', {
            atMost: 10,
            guard: 15,
          }),
          ratio('p99 of those who stay: the one ÷ the other', up, connecting, 'stayers p99 ms', {
            atMost: 2,
            guard: 4,
          }),
          ratio(
            'an hour offline by REST ÷ plain query',
            away['offline, REST'],
            away['plain query'],
            'all ms',
            {
              atMost: 3,
              guard: 5,
            },
          ),
          ratio(
            'an hour offline by WebSocket ÷ plain query',
            away['offline, WebSocket'],
            away['plain query'],
            'all ms',
            { atMost: 3, guard: 5 },
          ),
        ],
        notes: [
          `${people.toLocaleString('en')} people in ${groupsEach} groups each; ${stayers} more talk at ${stayerRate} messages a second`,
        ],
      };
    } finally {
      await talkers.stop();
      await crowd.stop();
      await server.stop();
    }
  },
};

interface Storm {
  readonly stage: Stage;
  readonly server: Program;
  readonly crowd: Generator<CrowdCommands>;
  readonly talkers: Generator<CrowdCommands>;
  readonly people: number;
}

async function openStorm({ stage, server, crowd, talkers, people }: Storm) {
  const { port } = server;
  const tokens = await Promise.all(Array.from({ length: people }, (_, n) => tokenFor(`p${n}`)));
  await talkers.call('talk', {
    port,
    tokens: await Promise.all(Array.from({ length: stayers }, (_, n) => tokenFor(`s${n}`))),
    rooms: Array.from({ length: stayers / 2 }, (_, n) => idOf(n + 1, stayerKind)),
    rate: stayerRate,
  });
  let { cursor } = await crowd.call('arrive', { port, tokens, atOnce: 100, cursor: null });
  /** All of them are away for less than the grace in which nobody is shown as gone, and come at one moment. */
  const comeBack = async (catchUp: boolean): Promise<Sample> => {
    await crowd.call('leave');
    if (catchUp) await sendMissed(stage.database, people);
    await talkers.call('waited');
    const { result: back, used } = await metered(
      { server: () => cpuOf(server.pid), postgres: () => cpuOfFamily(stage.postgresPid) },
      () => crowd.call('arrive', { port, tokens, cursor: catchUp ? cursor : null }),
    );
    const waited = await talkers.call('waited');
    ({ cursor } = back);
    if (catchUp && back.messages < people * sentEach * groupSize)
      throw new Error('not all that was sent was told');
    return {
      'all ms': back.all,
      'p50 ms': back.p50,
      'p99 ms': back.p99,
      messages: back.messages,
      'server ms': used.server / 1000,
      'Postgres ms': used.postgres / 1000,
      'stayers p50 ms': waited.p50,
      'stayers p99 ms': waited.p99,
    };
  };
  return {
    catchUp: () => comeBack(true),
    connect: () => comeBack(false),
    /** They go for good; answers where all that was sent so far is known. */
    leave: async () => {
      await crowd.call('leave');
      return cursor;
    },
  };
}

async function seed(database: pg.Client, people: number): Promise<void> {
  await seedGroups(database, {
    kind: crowdKind,
    count: groupsOf(people),
    size: groupSize,
    // A walk whose steps share no factor with any number of people here: nobody is in a group twice.
    member: `'p' || ((${groupSize}::bigint * n * 7919 + m * 104729) % ${people})`,
  });
  await seedGroups(database, {
    kind: stayerKind,
    count: stayers / 2,
    size: 2,
    member: `'s' || (2 * (n - 1) + m - 1)`,
  });
  await seedGroups(database, {
    kind: awayKind,
    count: awayConversations,
    size: 2,
    member: `case m when 1 then 'away' else 'w' || n end`,
  });
  await settle(database);
}

const groupsOf = (people: number): number => Math.ceil((people * groupsEach) / groupSize);

async function sendMissed(database: pg.Client, people: number): Promise<void> {
  for (let sent = 0; sent < people * sentEach; sent += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => idOf(1 + ((sent + n) % groupsOf(people)), crowdKind));
    await sendBatch(database, ids, 'system', true);
  }
}

/** What somebody missed in an hour, and the way to ask for it page by page. */
async function openAway({ database }: Stage, { port }: Program, cursor: string) {
  for (let n = 1; n <= awayConversations; n++)
    await sendBatch(
      database,
      Array.from({ length: awayMessages }, () => idOf(n, awayKind)),
      `w${n}`,
      false,
    );
  const headers = { authorization: `Bearer ${await tokenFor('away')}` };
  return async (): Promise<Sample> => {
    const started = performance.now();
    let [messages, pages, bytes] = [0, 0, 0];
    for (let next: string | null = cursor; next !== null; pages++) {
      const response = await fetch(`http://127.0.0.1:${port}/api/sync?cursor=${next}`, { headers });
      const text = await response.text();
      const answer = JSON.parse(text) as SyncAnswer;
      messages += answer.conversations.reduce((sum, each) => sum + each.messages.length, 0);
      bytes += text.length;
      next = answer.has_more ? answer.cursor : null;
    }
    checkAll(messages);
    return { 'all ms': performance.now() - started, messages, pages, 'page MB': bytes / pages / 1e6 };
  };
}

async function resume(
  _stage: Stage,
  { port }: Program,
  crowd: Generator<CrowdCommands>,
  cursor: string,
): Promise<Sample> {
  const back = await crowd.call('arrive', { port, tokens: [await tokenFor('away')], cursor });
  await crowd.call('leave');
  checkAll(back.messages);
  return { 'all ms': back.all, messages: back.messages };
}

/** The same rows, read by whoever knows where they are, and made JSON. */
async function readPlainly(database: pg.Client): Promise<Sample> {
  const started = performance.now();
  const ids = Array.from({ length: awayConversations }, (_, n) => idOf(n + 1, awayKind));
  const { rows } = await database.query(
    'select * from parley.messages where conversation_id = any($1::uuid[]) and seq > 0 order by conversation_id, seq',
    [ids],
  );
  JSON.parse(JSON.stringify(rows));
  checkAll(rows.length);
  return { 'all ms': performance.now() - started, messages: rows.length };
}

function checkAll(messages: number): void {
  if (messages !== awayConversations * awayMessages)
    throw new Error(`${messages} messages were told, which is not all that were sent`);
}

async function sendBatch(
  database: pg.Client,
  ids: readonly string[],
  sender: string,
  trusted: boolean,
): Promise<void> {
  const all = (value: unknown): unknown[] => ids.map(() => value);
  await database.query(
    `select * from parley.send_messages($1::uuid[], $2::text[], $3::boolean[],
       array(select gen_random_uuid() from generate_series(1, cardinality($1::uuid[]))), $4::text[], $5::text[],
       $6::uuid[], $7::jsonb[], $8::text[], $9::bytea[], array['participant'], false)`,
    [
      ids,
      all(sender),
      all(trusted),
      all('A message of a common length, as people write them.'),
      all('text'),
      all(null),
      all('{}'),
      all(null),
      all(null),
    ],
  );
}
