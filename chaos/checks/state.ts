import type { Check } from '../evidence.ts';

export const state: Check = {
  name: 'state',
  promise: "each client's state, built from reads, events and resumes, equals a fresh read, field by field",
  run: ({ states, truth, world }) => [
    ...states.flatMap(({ index, userId, differences }) =>
      differences.map((what) => `client ${index} (${userId}): ${what}`),
    ),
    ...[...new Set(world.clients.map(({ userId }) => userId))].flatMap((userId) => {
      const present = truth.participants.filter((participant) => participant.userId === userId);
      const read = states.find((report) => report.userId === userId)?.histories ?? {};
      return present
        .filter(({ conversationId }) => !Object.hasOwn(read, conversationId))
        .map(({ conversationId }) => `${userId} is in ${conversationId} and does not find it`);
    }),
  ],
};
