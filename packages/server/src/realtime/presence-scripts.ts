/** What presence needs of a connection to Redis: `RedisConnection` has it. */
export interface PresenceRedis {
  /** Whether a command would be sent now. */
  readonly ready: boolean;
  readonly client: {
    eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  };
}

/**
 * Presence lies in one slot of a cluster, so that each of these is atomic over all nodes' people. Times are those of
 * Redis: nodes' clocks need not agree.
 *
 * `nodes`: node → end of its lease; `seen`: node → its last renewal; `people:<node>`: who is there; `reaping:<node>`: by
 * whom; `reaped:<node>`: its people were said to be gone; `typing:<person>`: conversation → until.
 */
/** Milliseconds that anything of a node that nobody reaps is kept. */
const keepMs = 24 * 60 * 60_000;
/** Milliseconds after which another node goes on with what a reaper began. */
const claimMs = 5000;

const head = `
local p = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function living(but)
  local nodes = {}
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', p .. 'nodes', '(' .. now, '+inf')) do
    if node ~= but then nodes[#nodes + 1] = node end
  end
  return nodes
end
-- For each of these people 1 if a living node other than this one has them, else 0.
local function elsewhere(but, ids)
  local found = {}
  for i = 1, #ids do found[i] = 0 end
  if #ids == 0 then return found end
  for _, node in ipairs(living(but)) do
    for i, has in ipairs(redis.call('SMISMEMBER', p .. 'people:' .. node, unpack(ids))) do
      if has == 1 then found[i] = 1 end
    end
  end
  return found
end
local function rest(from)
  local ids = {}
  for i = from, #ARGV do ids[#ids + 1] = ARGV[i] end
  return ids
end
`;

/** ARGV: node, what to do, people. Answers whether the node is on record, and who is elsewhere. */
const attend = `${head}
local node, ids = ARGV[1], rest(3)
local key = p .. 'people:' .. node
if #ids > 0 and ARGV[2] == 'enter' then
  redis.call('SADD', key, unpack(ids))
  redis.call('PEXPIRE', key, ${keepMs})
end
if #ids > 0 and ARGV[2] == 'leave' then redis.call('SREM', key, unpack(ids)) end
return {redis.call('ZSCORE', p .. 'nodes', node) and 1 or 0, elsewhere(node, ids)}
`;

/** ARGV: node, lease. Answers what became of it, its number of people, who lives, and whose lease is over. */
const renew = `${head}
local node, lease = ARGV[1], tonumber(ARGV[2])
local state = 'known'
if not redis.call('ZSCORE', p .. 'nodes', node) then state = 'new' end
if redis.call('DEL', p .. 'reaped:' .. node) == 1 then state = 'reaped' end
redis.call('ZADD', p .. 'nodes', now + lease, node)
redis.call('HSET', p .. 'seen', node, now)
for _, key in ipairs({'nodes', 'seen', 'people:' .. node}) do redis.call('PEXPIRE', p .. key, ${keepMs}) end
local over = redis.call('ZRANGEBYSCORE', p .. 'nodes', '-inf', now, 'LIMIT', 0, 100)
return {state, redis.call('SCARD', p .. 'people:' .. node), living(''), over}
`;

/** ARGV: node. */
const members = `${head}
return redis.call('SMEMBERS', p .. 'people:' .. ARGV[1])
`;

/** ARGV: node, grace. The node is no more: its people are gone after the grace, unless they are elsewhere. */
const retire = `${head}
local node = ARGV[1]
if redis.call('EXISTS', p .. 'people:' .. node) == 0 then
  redis.call('ZREM', p .. 'nodes', node)
  redis.call('HDEL', p .. 'seen', node)
  return 0
end
redis.call('ZADD', p .. 'nodes', now + tonumber(ARGV[2]), node)
redis.call('HSET', p .. 'seen', node, now)
for _, key in ipairs({'nodes', 'seen', 'people:' .. node}) do redis.call('PEXPIRE', p .. key, ${keepMs}) end
return 1
`;

/**
 * ARGV: dead node, reaper, how many. Claims it, or goes on with it. Answers whether it is ours, when it was
 * seen last, some of its people, and who of them is elsewhere.
 */
const reap = `${head}
local dead, me = ARGV[1], ARGV[2]
local lease = redis.call('ZSCORE', p .. 'nodes', dead)
local claim = redis.call('GET', p .. 'reaping:' .. dead)
if not lease or tonumber(lease) > now or (claim and claim ~= me) then return {0, 0, {}, {}} end
redis.call('SET', p .. 'reaping:' .. dead, me, 'PX', ${claimMs})
redis.call('SET', p .. 'reaped:' .. dead, 1, 'PX', ${keepMs})
local ids = redis.call('SRANDMEMBER', p .. 'people:' .. dead, tonumber(ARGV[3]))
local seen = tonumber(redis.call('HGET', p .. 'seen', dead) or lease)
if #ids == 0 then
  redis.call('ZREM', p .. 'nodes', dead)
  redis.call('HDEL', p .. 'seen', dead)
  redis.call('DEL', p .. 'reaping:' .. dead)
end
return {1, seen, ids, elsewhere(dead, ids)}
`;

/** ARGV: dead node, reaper, people who were told of: they are nowhere that is dead. Not so if it came back to life. */
const reaped = `${head}
local ids = rest(3)
if redis.call('GET', p .. 'reaping:' .. ARGV[1]) ~= ARGV[2] then return 0 end
for _, node in ipairs(redis.call('ZRANGEBYSCORE', p .. 'nodes', '-inf', now)) do
  redis.call('SREM', p .. 'people:' .. node, unpack(ids))
end
return 1
`;

/** ARGV: person, conversation, for how long; none of it is over at once. */
const type = `${head}
local key, forMs = p .. 'typing:' .. ARGV[1], tonumber(ARGV[3])
if forMs <= 0 then
  redis.call('ZREM', key, ARGV[2])
else
  redis.call('ZADD', key, now + forMs, ARGV[2])
  redis.call('PEXPIRE', key, forMs)
end
return 1
`;

/** ARGV: people. */
const typing = `${head}
local found = {}
for i, person in ipairs(ARGV) do
  found[i] = redis.call('ZRANGE', p .. 'typing:' .. person, '+inf', '(' .. now, 'BYSCORE', 'REV')
end
return found
`;

function list(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a script of presence with something else');
  return reply;
}

const strings = (reply: unknown): string[] => list(reply).map(String);
const numbers = (reply: unknown): number[] => list(reply).map(Number);

/** What a node does to the presence in Redis; each a single round trip, and atomic. Rejects while Redis is away. */
export class PresenceScripts {
  readonly #redis: PresenceRedis;
  readonly #nodeId: string;
  /** Of every key; what stands in braces decides the slot. */
  readonly #prefix: string;

  constructor(redis: PresenceRedis, installation: string, nodeId: string) {
    this.#redis = redis;
    this.#nodeId = nodeId;
    this.#prefix = `{parley:presence:${installation}}:`;
  }

  /** Of some hundred people at a time. `isKnown`: false if Redis has lost this node. */
  async attend(
    what: 'enter' | 'leave' | 'look',
    userIds: readonly string[],
  ): Promise<{ isKnown: boolean; elsewhere: readonly boolean[] }> {
    const [known, elsewhere] = list(await this.#run(attend, [this.#nodeId, what, ...userIds]));
    return { isKnown: known === 1, elsewhere: numbers(elsewhere).map((found) => found === 1) };
  }

  /**
   * Holds the lease. `state`: `new` if Redis did not know this node, `reaped` if it passed for dead, else `known`;
   * `count`: how many people it has there; `living` and `over`: the nodes by the state of their leases.
   */
  async renew(leaseMs: number) {
    const args = [this.#nodeId, String(leaseMs)];
    const [state, count, living, over] = list(await this.#run(renew, args));
    return { state, count: Number(count), living: strings(living), over: strings(over) };
  }

  /** Whom Redis has on this node. */
  async members(): Promise<string[]> {
    return strings(await this.#run(members, [this.#nodeId]));
  }

  async retire(graceMs: number): Promise<void> {
    await this.#run(retire, [this.#nodeId, String(graceMs)]);
  }

  /** Some people of a dead node, if this node is the one to bury it; null if not. None: that was all. */
  async reap(dead: string, count: number) {
    const args = [dead, this.#nodeId, String(count)];
    const [isOurs, seenAt, ids, elsewhere] = list(await this.#run(reap, args));
    if (isOurs !== 1) return null;
    const [userIds, found] = [strings(ids), numbers(elsewhere)];
    return { seenAt: Number(seenAt), userIds, gone: userIds.filter((_, index) => found[index] === 0) };
  }

  async reaped(dead: string, userIds: readonly string[]): Promise<void> {
    await this.#run(reaped, [dead, this.#nodeId, ...userIds]);
  }

  async type(userId: string, conversationId: string, forMs: number): Promise<void> {
    await this.#run(type, [userId, conversationId, String(Math.round(forMs))]);
  }

  async typing(userIds: readonly string[]): Promise<string[][]> {
    return list(await this.#run(typing, userIds)).map(strings);
  }

  #run(script: string, args: readonly string[]): Promise<unknown> {
    return this.#redis.client.eval(script, { keys: [this.#prefix], arguments: [...args] });
  }
}
