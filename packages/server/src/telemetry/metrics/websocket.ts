import { closeCodes, errors, type ClientFrame, type ErrorCode } from '@parley/protocol';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const outcomes = ['ok', 'refused', 'failed'] as const;

export interface FinishedCommand {
  /** `unknown`: not a frame that Parley knows, or no JSON at all. */
  readonly type: ClientFrame['type'] | 'unknown';
  /** `refused`: by an error of the table; `failed`: by a fault of ours. */
  readonly outcome: (typeof outcomes)[number];
  readonly ms: number;
}

export interface WebSocketMetrics {
  opened(): void;
  /** With the close code as `ws` reports it. Once for each `opened`. */
  closed(code: number): void;
  command(command: FinishedCommand): void;
  /** An `error` frame was sent, or an upgrade refused. */
  error(code: ErrorCode): void;
  /** Ephemeral frames that an outbox past its first mark let go. */
  dropped(frames: number): void;
  /** An outbox grew past its second mark; its socket is closed with 4409. */
  overflowed(): void;
}

/** Connections, response times and error rates of the WebSocket. */
export function webSocketMetrics(registers: [Registry]): WebSocketMetrics {
  const connections = new Gauge({
    name: 'parley_websocket_connections',
    help: 'WebSocket connections open on this node.',
    registers,
  });
  const counter = counters(registers);
  const duration = new Histogram({
    name: 'parley_websocket_command_duration_seconds',
    help: 'Time from the arrival of a frame to its answer being queued.',
    labelNames: ['type', 'outcome'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  return {
    opened: () => connections.inc(),
    closed(code) {
      connections.dec();
      counter.closes.inc({ reason: closeReason(code) });
    },
    command: ({ type, outcome, ms }) => duration.observe({ type, outcome }, ms / 1000),
    error: (code) => counter.errors.inc({ code }),
    dropped: (frames) => counter.dropped.inc(frames),
    overflowed: () => counter.overflows.inc(),
  };
}

function counters(registers: [Registry]) {
  const closes = new Counter({
    name: 'parley_websocket_closes_total',
    help: 'WebSocket connections closed, by the name of the close code.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of [...Object.keys(closeCodes), 'normal', 'abnormal', 'other']) closes.inc({ reason }, 0);
  const refusals = new Counter({
    name: 'parley_websocket_errors_total',
    help: 'Frames and upgrades refused, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  for (const code of Object.keys(errors)) refusals.inc({ code }, 0);
  const dropped = new Counter({
    name: 'parley_outbox_dropped_frames_total',
    help: 'Typing and status frames dropped because their reader was slow.',
    registers,
  });
  const overflows = new Counter({
    name: 'parley_outbox_overflows_total',
    help: 'Connections closed because their reader was too slow.',
    registers,
  });
  return { closes, errors: refusals, dropped, overflows };
}

function closeReason(code: number): string {
  if (code === 1000 || code === 1005) return 'normal';
  if (code === 1006) return 'abnormal';
  return Object.entries(closeCodes).find(([, known]) => known === code)?.[0] ?? 'other';
}
