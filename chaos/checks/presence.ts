import type { Check, Evidence } from '../evidence.ts';

/** After the lease and the grace have passed since anybody came or went. */
export const presence: Check = {
  name: 'presence',
  promise:
    'nobody without a socket is shown as online, everybody with one as they chose, and all were told so',
  run({ world, statuses, truth }) {
    const connected = new Set(
      world.clients.flatMap(({ userId, leavesAtEnd }) => (leavesAtEnd === null ? userId : [])),
    );
    const expected = (userId: string): string =>
      connected.has(userId) ? (truth.statuses.get(userId) ?? 'online') : 'offline';
    const company = companyOf(truth);
    return statuses.flatMap(({ userId: viewer, asked, told }) => [
      ...Object.entries(asked)
        .filter(([userId, status]) => company.any(viewer, userId) && status !== expected(userId))
        .map(([userId, status]) => `${viewer} reads that ${userId} is ${status}, who is ${expected(userId)}`),
      ...Object.entries(told)
        .filter(([userId, status]) => company.small(viewer, userId) && status !== expected(userId))
        .map(
          ([userId, status]) => `${viewer} was told that ${userId} is ${status}, who is ${expected(userId)}`,
        ),
    ]);
  },
};

/** Above this many people nobody is told of statuses. */
const audience = 200;

function companyOf({ participants, conversations }: Evidence['truth']) {
  const small = new Set(
    conversations.flatMap(({ id, participantCount }) => (participantCount <= audience ? [id] : [])),
  );
  const placesOf = Map.groupBy(participants, ({ userId }) => userId);
  const shared = (a: string, b: string, counts: (id: string) => boolean): boolean => {
    const theirs = new Set((placesOf.get(b) ?? []).map(({ conversationId }) => conversationId));
    return (placesOf.get(a) ?? []).some(
      ({ conversationId }) => counts(conversationId) && theirs.has(conversationId),
    );
  };
  return {
    any: (a: string, b: string) => shared(a, b, () => true),
    small: (a: string, b: string) => shared(a, b, (id) => small.has(id)),
  };
}
