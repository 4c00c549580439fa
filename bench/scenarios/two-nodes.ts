import { hasRedis, startRedis, type RedisProcess } from '../../packages/server/src/redis/redis-process.ts';
import { interleave, type Sample } from '../figures.ts';
import { startGenerator } from '../generator.ts';
import type { RedisBusCommands } from '../peers/redis-bus.ts';
import { messageEvent } from '../peers/redis-event.ts';
import type { RedisPublishCommands } from '../peers/redis-publish.ts';
import type { SocketCommands } from '../load/sockets.ts';
import { cpuOf, cpuOfFamily, metered, type Program } from '../program.ts';
import { ratio, type Plan, type Scenario } from '../scenario.ts';
import { idOf } from '../seed.ts';
import type { Stage } from '../stage.ts';
import { allSenders, conversations, seedSends, startListeners } from './sends.ts';

/** Messages a second: what one node and what two carry here with room to spare, so that both do the same work. */
const rate = 2000;

export const twoNodes: Scenario = {
  name: 'two-nodes',
  title: `WebSocket sends at ${rate} a second into 200 conversations of 5: two nodes and Redis ÷ one node`,
  async run(stage, plan) {
    if (!hasRedis) {
      if (process.env['CI'] !== undefined) throw new Error('redis-server is not installed');
      return { subjects: {}, ratios: [], notes: ['left out: redis-server is not installed'] };
    }
    await seedSends(stage);
    const redis = await startRedis();
    const env = { REDIS_URL: redis.url };
    const [alone, first, second] = await Promise.all([
      stage.startServer(),
      stage.startServer(env),
      stage.startServer(env),
    ]);
    try {
      const nodes = [first, second];
      const found = await interleave(
        plan.rounds,
        {
          'two nodes': () => measure(stage, plan, { nodes, rate, redis: redis.pid }),
          'one node, as much in all': () => measure(stage, plan, { nodes: [alone], rate }),
          'one node, as much as each': () => measure(stage, plan, { nodes: [alone], rate: rate / 2 }),
        },
        { warmUp: !plan.short },
      );
      const bus = await measureBus(redis, plan);
      const bound = { atMost: 1.5, guard: 2.6 };
      const cpuTo = (name: 'one node, as much in all' | 'one node, as much as each') =>
        ratio(`CPU a message: two nodes ÷ ${name}`, found['two nodes'], found[name], 'CPU µs', bound);
      return {
        subjects: { ...found, ...bus },
        ratios: [
          cpuTo('one node, as much in all'),
          cpuTo('one node, as much as each'),
          ratio('events through the bus ÷ SPUBLISH', bus['the bus'], bus['SPUBLISH'], 'events/s', {
            atLeast: 0.08,
            guard: 0.04,
          }),
        ],
        notes: [
          'each conversation has a listener at each node, so half of what is delivered crosses Redis',
          'CPU: all nodes and Redis; Postgres apart',
          'at a pace, as what a message costs falls where many are under way, and a node of two has half of them',
        ],
      };
    } finally {
      await Promise.all([alone, first, second].map((server) => server.stop()));
      await redis.remove();
    }
  },
};

interface Paced {
  readonly nodes: readonly Program[];
  /** Messages a second of all. */
  readonly rate: number;
  /** Its process, if there is one. */
  readonly redis?: number;
}

/** Sends at the pace, and waits until both who listen to each message have it. */
async function measure(
  stage: Stage,
  { seconds }: Plan,
  { nodes, rate: perSecond, redis }: Paced,
): Promise<Sample> {
  const ports = nodes.map(({ port }) => port);
  const listeners = await startListeners(ports);
  const senders = startGenerator<SocketCommands>('sockets.ts');
  try {
    const people = await allSenders();
    const spread = ports.map((_, place) => people.filter((__, n) => n % ports.length === place));
    for (const [place, port] of ports.entries()) {
      const tokens = spread[place]?.map(({ token }) => token) ?? [];
      await senders.call('open', { port, dialect: 'parley', tokens, atOnce: 16 });
    }
    const sending = spread.flat().map(({ rooms }, socket) => ({ socket, rooms }));
    const pace = async (count: number) => {
      await listeners.call('listen', true);
      await senders.call('pace', { senders: sending, count, everyMs: 1000 / perSecond });
      return listeners.call('heard', 2 * count, 10_000);
    };
    // What a first message of a connection costs is not asked here.
    await pace(perSecond / 2);
    const count = perSecond * seconds;
    const { result: heard, used } = await metered(
      {
        nodes: async () => (await Promise.all(nodes.map(({ pid }) => cpuOf(pid)))).reduce((a, b) => a + b),
        redis: () => (redis === undefined ? Promise.resolve(0) : cpuOf(redis)),
        postgres: () => cpuOfFamily(stage.postgresPid),
      },
      () => pace(count),
    );
    return {
      'CPU µs': (used.nodes + used.redis) / count,
      'nodes µs': used.nodes / count,
      'Redis µs': used.redis / count,
      'Postgres µs': used.postgres / count,
      'p50 ms': heard.p50,
      'p99 ms': heard.p99,
    };
  } finally {
    await senders.stop();
    await listeners.stop();
  }
}

/** What Redis passes on by itself, and what two buses pass on over it: of the same bytes, on as many channels. */
async function measureBus(redis: RedisProcess, { rounds, seconds, short }: Plan) {
  const ids = Array.from({ length: conversations }, (_, n) => idOf(n + 1));
  const bare = startGenerator<RedisPublishCommands>('../peers/redis-publish.ts');
  const buses = [0, 1].map(() => startGenerator<RedisBusCommands>('../peers/redis-bus.ts'));
  const [here, there] = buses;
  if (here === undefined || there === undefined) throw new Error('two were started');
  try {
    await Promise.all(buses.map((bus) => bus.call('open', redis.url, ids)));
    const payload = JSON.stringify([messageEvent(idOf(1))]);
    const ms = seconds * 1000;
    return await interleave(
      rounds,
      {
        SPUBLISH: async () => {
          const { result, used } = await metered({ redis: () => cpuOf(redis.pid) }, () =>
            bare.call('publish', { port: redis.port, payload, channels: ids.length, inFlight: 64, ms }),
          );
          return { 'events/s': result.count / result.seconds, 'Redis µs': used.redis / result.count };
        },
        'the bus': async () => {
          await there.call('heard');
          const started = performance.now();
          const users = { redis: () => cpuOf(redis.pid), here: () => here.cpu(), there: () => there.cpu() };
          const { result: count, used } = await metered(users, () => here.call('publish', ids, ms));
          let heard = 0;
          for (let tries = 0; heard < count && tries < 1000; tries++) heard += await there.call('heard');
          if (heard !== count) throw new Error(`${heard} of ${count} events were heard`);
          return {
            'events/s': count / ((performance.now() - started) / 1000),
            'nodes µs': (used.here + used.there) / count,
            'Redis µs': used.redis / count,
          };
        },
      },
      { warmUp: !short },
    );
  } finally {
    await bare.stop();
    await Promise.all(buses.map((bus) => bus.stop()));
  }
}
