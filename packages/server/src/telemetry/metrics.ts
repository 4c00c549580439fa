import { collectDefaultMetrics, Registry } from 'prom-client';
import { httpMetrics, type HttpMetrics } from './metrics/http.ts';
import {
  busMetrics,
  hubMetrics,
  storeMetrics,
  type BusMetrics,
  type HubMetrics,
  type StoreMetrics,
} from './metrics/infrastructure.ts';
import { limitMetrics, type LimitMetrics } from './metrics/limits.ts';
import { messageMetrics, type MessageMetrics } from './metrics/messages.ts';
import { webSocketMetrics, type WebSocketMetrics } from './metrics/websocket.ts';

/**
 * Everything that Parley counts and times. Each part of the server is handed the group it feeds, by an interface of its
 * own; times go in as milliseconds and come out as seconds. No function here throws, waits, or takes a label that is
 * not from a fixed set.
 */
export interface Metrics {
  readonly messages: MessageMetrics;
  readonly http: HttpMetrics;
  readonly webSocket: WebSocketMetrics;
  readonly limits: LimitMetrics;
  readonly store: StoreMetrics;
  readonly hub: HubMetrics;
  readonly bus: BusMetrics;
  /** The media type of what `render` answers. */
  readonly contentType: string;
  /** All of it, in Prometheus' text format. */
  render(): Promise<string>;
}

export interface MetricsOptions {
  /** Whether to tell of the process too: CPU, memory, event loop, garbage collection. Default true. */
  readonly process?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Makes a set of metrics with a registry of its own, so that it meets none of a host application's. */
export function createMetrics({ process = true, now = Date.now }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const registers: [Registry] = [registry];
  return {
    messages: messageMetrics(registers, now),
    http: httpMetrics(registers),
    webSocket: webSocketMetrics(registers),
    limits: limitMetrics(registers),
    store: storeMetrics(registers),
    hub: hubMetrics(registers),
    bus: busMetrics(registers),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}
