/** Deliberate faults of the product, at least one for each check; `can-fail.ts` tries them out on copies of the tree. */
export interface Mutation {
  readonly name: string;
  /** In a sentence, for the table of docs/operations/chaos.md. */
  readonly fault: string;
  /** The check that must find something. */
  readonly check: string;
  readonly edits: readonly Edit[];
  readonly seed: number;
  readonly seconds: number;
  /** Null: all kinds, and the measured ones at the end. */
  readonly faults: string | null;
}

export interface Edit {
  readonly file: string;
  /** Is in the file exactly once. */
  readonly search: string;
  readonly replace: string;
}

const server = 'packages/server/src';
const functions = `${server}/store/migrations/0005_batches.sql`;
const common = { seed: 3, seconds: 30, faults: 'connections cut,node killed' } as const;

export const mutations: readonly Mutation[] = [
  {
    ...common,
    name: 'lost',
    fault: 'One send in twenty is acknowledged and not written',
    check: 'acknowledged',
    edits: [
      {
        file: `${server}/store/message-writer.ts`,
        search: 'const row = await this.#batcher.add(item);',
        replace: `if (Math.random() < 0.05) {
      const created_at = new Date().toISOString();
      const made = { ord: 1, outcome: 'created', message_id: item.id, seq: 1, version: 1, created_at };
      return { message: this.#present(item, { ...made, reply_to_content: null }), replayed: false };
    }
    const row = await this.#batcher.add(item);`,
      },
    ],
  },
  {
    ...common,
    name: 'doubled',
    fault: 'A message forgets its `client_id`, so that a retry sends it again',
    check: 'acknowledged',
    edits: [
      {
        file: functions,
        search: 'n.reply_to_id, n.new_ordinal, n.metadata, n.client_id, n.request_hash',
        replace: 'n.reply_to_id, n.new_ordinal, n.metadata, null, n.request_hash',
      },
    ],
  },
  {
    ...common,
    name: 'hole',
    fault: 'One message in fifty skips a `seq`',
    check: 'order',
    edits: [
      {
        file: functions,
        search: 'j.base_seq + row_number() over by_conversation as new_seq',
        replace: 'j.base_seq + row_number() over by_conversation + (random() < 0.02)::int as new_seq',
      },
    ],
  },
  {
    ...common,
    name: 'resume',
    fault: 'A resume leaves out the first changed message of each conversation',
    check: 'state',
    edits: [
      {
        file: `${server}/ws/resume.ts`,
        search: `{ type: 'sync', ...echo(frame), ...page }`,
        replace: `{
        type: 'sync',
        ...echo(frame),
        ...page,
        conversations: page.conversations.map((each) => ({ ...each, messages: each.messages.slice(1) })),
      }`,
      },
    ],
  },
  {
    ...common,
    name: 'repair',
    fault: 'One event in fifty is not published, and holes are not repaired',
    check: 'state',
    edits: [
      {
        file: `${server}/realtime/bus-publisher.ts`,
        search: 'if (channels.length === 0 || this.#closed) return;',
        replace: 'if (channels.length === 0 || this.#closed || Math.random() < 0.02) return;',
      },
      {
        file: `${server}/realtime/mender.ts`,
        search: `note(this.#wanted, conversationId, entrance);
    if (!this.#isAway) this.#running ??= this.#run();`,
        replace: '',
      },
    ],
  },
  {
    ...common,
    name: 'twice',
    fault: 'One event in a hundred is delivered twice',
    check: 'events',
    edits: [
      {
        file: `${server}/realtime/hub.ts`,
        search: 'if (change.hiddenFrom?.has(member.userId) !== true) fanout.ofChannel(channel, member);',
        replace: `if (change.hiddenFrom?.has(member.userId) !== true) {
        fanout.ofChannel(channel, member);
        if (Math.random() < 0.01) fanout.ofChannel(channel, member);
      }`,
      },
    ],
  },
  {
    ...common,
    name: 'eavesdropper',
    fault: 'Who is removed goes on listening',
    check: 'membership',
    edits: [
      {
        file: `${server}/realtime/hub.ts`,
        search: 'for (const member of leavers) this.#putOut(channel, member, frame.version);',
        replace: '',
      },
    ],
  },
  {
    ...common,
    name: 'unread',
    fault: 'Reading a message leaves it unread',
    check: 'unread',
    edits: [
      { file: functions, search: 'set last_read_seq = f.seq,', replace: 'set last_read_seq = f.seq - 1,' },
    ],
  },
  {
    ...common,
    name: 'ghosts',
    fault: "A node's lease outlives it by hours",
    check: 'presence',
    edits: [
      {
        file: `${server}/realtime/presence-scripts.ts`,
        search: `redis.call('ZADD', p .. 'nodes', now + lease, node)`,
        replace: `redis.call('ZADD', p .. 'nodes', now + lease * 1000, node)`,
      },
    ],
  },
  {
    ...common,
    name: 'fault',
    fault: 'One read receipt in fifty meets an error that nobody expected',
    check: 'logs',
    edits: [
      {
        file: `${server}/messaging/receipts.ts`,
        search: 'const move = await this.#deps.receipts.markRead(',
        replace: `if (Math.random() < 0.02) throw new Error('a deliberate fault');
    const move = await this.#deps.receipts.markRead(`,
      },
    ],
  },
  {
    ...common,
    name: 'leak',
    fault: 'One socket in ten is not forgotten when it ends',
    check: 'memory',
    // A node that is killed forgets them all.
    faults: 'connections cut',
    edits: [
      {
        file: `${server}/ws/connection.ts`,
        search: 'this.#shared.onEnded(this,',
        replace: 'if (Math.random() < 0.9) this.#shared.onEnded(this,',
      },
    ],
  },
  {
    ...common,
    name: 'slow',
    fault: 'A resume takes 6 s',
    check: 'times',
    faults: null,
    edits: [
      {
        file: `${server}/ws/resume.ts`,
        search: 'await from.attached();',
        replace: 'await from.attached();\n  await new Promise((resolve) => setTimeout(resolve, 6000));',
      },
    ],
  },
  {
    ...common,
    name: 'silence',
    fault: 'A resume has no answer',
    check: 'settled',
    edits: [
      {
        file: `${server}/ws/resume.ts`,
        search: 'for (let { cursor } = frame, more = true; more;) {',
        replace: 'for (let { cursor } = frame, more = false; more;) {',
      },
    ],
  },
];
