import type { TrueMessage } from '../audit.ts';
import type { Check, Evidence } from '../evidence.ts';
import type { ChangeRecord, SendRecord } from '../records.ts';

/** Zero lost, zero doubled. */
export const acknowledged: Check = {
  name: 'acknowledged',
  promise: 'every acknowledged message is there once, with the same content',
  run({ clients, truth }) {
    const byId = new Map(truth.messages.map((message) => [message.id, message]));
    const changes = Map.groupBy(
      clients.flatMap((client) => client.changes),
      ({ messageId }) => messageId,
    );
    const sends = clients.flatMap((client) => client.sends);
    return [
      ...sends.flatMap((send) => judge(send, byId, changes.get(send.id ?? '') ?? [])),
      ...doubled(truth.messages),
    ];
  },
};

function judge(
  send: SendRecord,
  byId: ReadonlyMap<string, TrueMessage>,
  changes: readonly ChangeRecord[],
): string[] {
  const named = `${send.clientId} in ${send.conversationId}`;
  const found = send.contradictions.map((what) => `${named}: ${what}`);
  if (send.outcome === 'pending') found.push(`${named} was neither acknowledged nor refused`);
  if (send.outcome !== 'acknowledged' || send.id === null) return found;
  const message = byId.get(send.id);
  if (message === undefined) return [...found, `${named} was acknowledged as ${send.id} and is lost`];
  if (message.conversationId !== send.conversationId || message.seq !== send.seq)
    found.push(`${named} was acknowledged with seq ${send.seq} and has ${message.seq}`);
  return [...found, ...judgeContent(named, send, message, changes)];
}

/**
 * One's own edits and deletions follow each other. One that was tried without an answer may have been carried out late,
 * by a node that had been stopped with it: after later ones, too.
 */
function judgeContent(
  named: string,
  send: SendRecord,
  message: TrueMessage,
  changes: readonly ChangeRecord[],
): string[] {
  const done = changes.filter(({ outcome }) => outcome === 'acknowledged');
  const perhaps = changes.filter(({ outcome, unanswered }) => outcome === 'pending' || unanswered > 0);
  if (done.some(({ content }) => content === null) && !message.isDeleted)
    return [`${named} was deleted and is there`];
  if (message.isDeleted)
    return changes.some(({ content }) => content === null)
      ? []
      : [`${named} is deleted, which nobody asked for`];
  const last = done.at(-1)?.content ?? send.content;
  const possible = [last, ...perhaps.flatMap(({ content }) => content ?? [])];
  return possible.includes(message.content)
    ? []
    : [`${named} should read "${possible.join('" or "')}" and reads "${message.content}"`];
}

function doubled(messages: Evidence['truth']['messages']): string[] {
  const keys = messages.flatMap(({ clientId, senderId, conversationId }) =>
    clientId === null ? [] : [`${senderId} ${clientId} ${conversationId}`],
  );
  const seen = new Set<string>();
  return keys.filter((key) => seen.size === seen.add(key).size).map((key) => `${key} is there twice`);
}
