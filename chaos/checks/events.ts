import type { Check } from '../evidence.ts';

export const events: Check = {
  name: 'events',
  promise: 'on each connection the events of a conversation come in the order of their versions, none twice',
  run: ({ clients }) =>
    clients.flatMap(({ index, disorder, undeclared }) => [
      ...disorder.map((what) => `client ${index}: ${what}`),
      ...undeclared.map((what) => `client ${index} received a frame that is not declared: ${what}`),
    ]),
};
