import { restSends } from './scenarios/rest-sends.ts';
import { wsSends } from './scenarios/ws-sends.ts';
import { twoNodes } from './scenarios/two-nodes.ts';
import { history } from './scenarios/history.ts';
import { conversationList } from './scenarios/conversation-list.ts';
import { largeGroup } from './scenarios/large-group.ts';
import { unread } from './scenarios/unread.ts';
import { page } from './scenarios/page.ts';
import { connecting } from './scenarios/connecting.ts';
import { idle } from './scenarios/idle.ts';
import { fanOut } from './scenarios/fan-out.ts';
import { fanOutPaced } from './scenarios/fan-out-paced.ts';
import { delivery } from './scenarios/delivery.ts';
import { reconnect } from './scenarios/reconnect.ts';
import type { Scenario } from './scenario.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  restSends,
  wsSends,
  fanOut,
  fanOutPaced,
  delivery,
  history,
  conversationList,
  largeGroup,
  unread,
  twoNodes,
  page,
  idle,
  connecting,
  reconnect,
];
