import type { Check } from '../evidence.ts';
import { acknowledged } from './acknowledged.ts';
import { events } from './events.ts';
import { logs } from './logs.ts';
import { membership } from './membership.ts';
import { memory } from './memory.ts';
import { order } from './order.ts';
import { presence } from './presence.ts';
import { settled } from './settled.ts';
import { state } from './state.ts';
import { times } from './times.ts';
import { unread } from './unread.ts';

export const checks: readonly Check[] = [
  settled,
  acknowledged,
  order,
  state,
  events,
  membership,
  unread,
  presence,
  logs,
  memory,
  times,
];
