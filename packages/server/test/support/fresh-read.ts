/** What somebody's client would know if it read everything anew, and how that differs from what it made of events. */
import {
  Replica,
  snapshotParticipants,
  type ConversationSnapshot,
  type Snapshot,
} from '@parley/client/replica';
import {
  limits,
  type Conversation,
  type ConversationList,
  type Message,
  type MessageList,
  type Participant,
  type ParticipantList,
} from '@parley/protocol';

/** Reads the REST API as somebody; never throws for a status. */
export interface Reader {
  get<T>(path: string): Promise<{ readonly status: number; readonly body: T }>;
}

const at = (conversationId: string): string => `/api/conversations/${encodeURIComponent(conversationId)}`;

/**
 * Everything, in the shape of `snapshotOf` and with the server's own values. It takes several requests and is
 * not of one moment: where changes go on meanwhile, read again.
 */
export async function freshRead(client: Reader, userId: string): Promise<Snapshot> {
  const conversations: Record<string, ConversationSnapshot> = {};
  for (const conversation of await readConversations(client))
    conversations[conversation.id] = await readOne(client, userId, conversation);
  return { conversations };
}

/** A replica that holds everything. Events since before this was called may be applied to it. */
export async function loadReplica(client: Reader, userId: string): Promise<Replica> {
  const replica = new Replica(userId);
  for (const conversation of await readConversations(client)) {
    replica.putConversation(conversation);
    await loadPages(client, replica, conversation.id);
  }
  return replica;
}

/** Reads a conversation anew by its pages, as `Replica.apply` asks for it; nothing if one is not in it any more. */
export async function reload(client: Reader, replica: Replica, conversationId: string): Promise<void> {
  const { status, body } = await client.get<Conversation>(at(conversationId));
  if (status === 403 || status === 404) return;
  replica.putConversation(expectOk(conversationId, status, body));
  await loadPages(client, replica, conversationId);
}

async function loadPages(client: Reader, replica: Replica, conversationId: string): Promise<void> {
  replica.putMessages(conversationId, await readMessages(client, conversationId));
  replica.putParticipants(conversationId, await readParticipants(client, conversationId));
}

async function readOne(
  client: Reader,
  userId: string,
  conversation: Conversation,
): Promise<ConversationSnapshot> {
  const [messages, participants] = await Promise.all([
    readMessages(client, conversation.id),
    readParticipants(client, conversation.id),
  ]);
  const isLarge = conversation.participant_count > limits.receiptAudience;
  const shown = (people: readonly Participant[]) => snapshotParticipants(people, userId, isLarge);
  return {
    conversation: { ...conversation, participants: shown(conversation.participants) },
    participants: shown(participants),
    participants_complete: true,
    messages_from: 1,
    messages: Object.fromEntries(messages.map((message) => [message.seq, message])),
  };
}

async function readConversations(client: Reader): Promise<Conversation[]> {
  const read = (archived: boolean) =>
    readPages(
      client,
      `/api/conversations?archived=${archived}`,
      (page: ConversationList) => page.conversations,
    );
  const found = [...(await read(false)), ...(await read(true))];
  // One that was archived between the two is in both.
  return [...new Map(found.map((conversation) => [conversation.id, conversation])).values()];
}

const readMessages = (client: Reader, conversationId: string): Promise<Message[]> =>
  readPages(client, `${at(conversationId)}/messages`, (page: MessageList) => page.messages);

const readParticipants = (client: Reader, conversationId: string): Promise<Participant[]> =>
  readPages(client, `${at(conversationId)}/participants`, (page: ParticipantList) => page.participants);

/** Every page; what there was until then if one is put out of the conversation meanwhile. */
async function readPages<T, P extends { readonly next_cursor: string | null }>(
  client: Reader,
  path: string,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const onward: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const query: string = `${path.includes('?') ? '&' : '?'}limit=${limits.pageMax}${onward}`;
    const { status, body } = await client.get<P>(path + query);
    if (status === 403 || status === 404) return items;
    const page = expectOk(path, status, body);
    items.push(...itemsOf(page));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

function expectOk<T>(what: string, status: number, body: T): T {
  if (status !== 200) throw new Error(`reading ${what} answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/**
 * Where two snapshots differ: `path: left ≠ right`. What one of them does not claim to hold, older messages and later
 * participants, is not compared.
 */
export function difference(left: Snapshot, right: Snapshot): string[] {
  const found: string[] = [];
  for (const id of new Set([...Object.keys(left.conversations), ...Object.keys(right.conversations)])) {
    const [a, b] = [left.conversations[id], right.conversations[id]];
    if (a === undefined || b === undefined) found.push(`${id}: ${held(a)} ≠ ${held(b)}`);
    else compare(id, comparable(a, b), comparable(b, a), found);
  }
  return found;
}

const held = (conversation: ConversationSnapshot | undefined): string =>
  conversation === undefined ? 'absent' : `present at version ${conversation.conversation.version}`;

/** What of a conversation is to be compared with another's snapshot of it. */
function comparable(one: ConversationSnapshot, other: ConversationSnapshot): object {
  const from = Math.max(one.messages_from, other.messages_from);
  const known = Math.min(
    one.participants_complete ? Infinity : one.participants.length,
    other.participants_complete ? Infinity : other.participants.length,
  );
  return {
    conversation: one.conversation,
    participants: one.participants.slice(0, known),
    messages: Object.fromEntries(
      Object.entries(one.messages).filter(
        ([seq]) => Number(seq) >= from || Object.hasOwn(other.messages, seq),
      ),
    ),
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function compare(path: string, left: unknown, right: unknown, found: string[]): void {
  if (Object.is(left, right)) return;
  if (!isObject(left) || !isObject(right) || Array.isArray(left) !== Array.isArray(right)) {
    found.push(`${path}: ${short(left)} ≠ ${short(right)}`);
    return;
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    compare(`${path}.${key}`, left[key], right[key], found);
}

function short(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
