import type { Check } from '../evidence.ts';

export const settled: Check = {
  name: 'settled',
  promise: 'once everything is up, all clients are connected and whole and all they asked for is answered',
  run: ({ unsettled }) => unsettled.map(({ index, what }) => `client ${index} ${what}`),
};
