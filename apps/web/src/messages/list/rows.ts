import type { AnyMessage } from '@parley/client';

/** A message with what its place among the others decides. */
export interface MessageRow {
  readonly key: string;
  readonly message: AnyMessage;
  readonly isOwn: boolean;
  /** Of a run by one person: the first shows who, the last shows the picture. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Whether a day begins with it; so it does with the first of all. */
  readonly beginsDay: boolean;
  /** Whether the line that says “New messages” is above it. */
  readonly beginsUnread: boolean;
}

/** What stands above the very first message. */
export interface BeginningRow {
  readonly key: 'beginning';
  readonly message: null;
}

export type Row = MessageRow | BeginningRow;

interface RowsOf {
  readonly messages: readonly AnyMessage[];
  readonly userId: string | null;
  /** The `seq` from which on messages were unread when the conversation was opened. */
  readonly unreadFrom: number | null;
  /** Whether there are none before these. */
  readonly isWhole: boolean;
}

/** Milliseconds after which the same person begins a new run. */
const pause = 5 * 60_000;
const beginning: BeginningRow = { key: 'beginning', message: null };

/** Rows for messages; a row that says the same as one of `before` is that one, so that it is not drawn again. */
export function rowsOf(
  { messages, userId, unreadFrom, isWhole }: RowsOf,
  before: readonly Row[],
): readonly Row[] {
  const held = new Map(before.map((row) => [row.key, row]));
  const unread = unreadFrom === null ? undefined : firstUnread(messages, unreadFrom, userId);
  const begins = messages.map((message, n) => beginsRun(message, messages[n - 1]) || message === unread);
  const rows = messages.map((message, n): MessageRow => {
    const previous = messages[n - 1];
    const row: MessageRow = {
      key: message.key,
      message,
      isOwn: message.sender_id === userId,
      isFirst: begins[n] === true,
      isLast: begins[n + 1] !== false,
      beginsDay: previous === undefined || dayOf(previous) !== dayOf(message),
      beginsUnread: message === unread,
    };
    return same(held.get(row.key), row);
  });
  if (isWhole) return [beginning, ...rows];
  // What stands above the first of those that are there depends on one that is not: it would change its height under
  // the eyes of whoever reads upwards, so it shows together with the one before it.
  return typeof messages[1]?.seq === 'number' ? rows.slice(1) : rows;
}

/** Own messages are never unread. Where those before are not there, the first that is there is not the first of all. */
function firstUnread(
  messages: readonly AnyMessage[],
  from: number,
  userId: string | null,
): AnyMessage | undefined {
  const first = messages.find((message) => message.seq !== null);
  if (first === undefined || first.seq === null || first.seq > from) return undefined;
  return messages.find(
    (message) => message.seq !== null && message.seq >= from && message.sender_id !== userId,
  );
}

function beginsRun(message: AnyMessage, previous: AnyMessage | undefined): boolean {
  if (previous === undefined) return true;
  return (
    previous.sender_id !== message.sender_id ||
    (previous.message_type === 'system') !== (message.message_type === 'system') ||
    momentOf(message).ms - momentOf(previous).ms > pause ||
    dayOf(previous) !== dayOf(message)
  );
}

function same(held: Row | undefined, row: MessageRow): MessageRow {
  if (held === undefined || held.message === null) return row;
  const isSame =
    held.message === row.message &&
    held.isOwn === row.isOwn &&
    held.isFirst === row.isFirst &&
    held.isLast === row.isLast &&
    held.beginsDay === row.beginsDay &&
    held.beginsUnread === row.beginsUnread;
  return isSame ? held : row;
}

interface Moment {
  readonly ms: number;
  readonly day: string;
}

/** Dates are parsed once a message, not once a message and change. */
const moments = new WeakMap<AnyMessage, Moment>();

function momentOf(message: AnyMessage): Moment {
  const known = moments.get(message);
  if (known !== undefined) return known;
  const date = new Date(message.created_at);
  const moment = { ms: date.getTime(), day: `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}` };
  moments.set(message, moment);
  return moment;
}

const dayOf = (message: AnyMessage): string => momentOf(message).day;
