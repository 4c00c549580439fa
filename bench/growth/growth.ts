import type { Generator } from '../generator.ts';
import { startGenerator } from '../generator.ts';
import type { Saturating, SocketCommands } from '../load/sockets.ts';
import { tokenFor, type Stage } from '../stage.ts';

/** What was measured at one size. */
export interface Point {
  /** The size. */
  readonly x: number;
  /** A second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** Measures one thing while one size grows. */
export interface Growth {
  /** As typed, and the name of its file. */
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a line below the title. */
  readonly how: string;
  readonly xLabel: string;
  readonly rateLabel: string;
  readonly p99Label: string;
  /** `report` is called as each point is measured. */
  measure(stage: Stage, seconds: number, report: (point: Point) => void): Promise<Point[]>;
}

/** Sockets in a process of their own, opened for these people in this order. */
export async function openSockets(
  port: number,
  names: readonly string[],
): Promise<Generator<SocketCommands>> {
  const generator = startGenerator<SocketCommands>('sockets.ts');
  await addSockets(generator, port, names);
  return generator;
}

export async function addSockets(
  generator: Generator<SocketCommands>,
  port: number,
  names: readonly string[],
): Promise<void> {
  const tokens = await Promise.all(names.map(tokenFor));
  await generator.call('open', { port, dialect: 'parley', tokens, atOnce: 32 });
}

export interface Talking {
  readonly senders: Saturating['senders'];
  readonly inFlight: number;
  readonly seconds: number;
}

/** Sends as much as is acknowledged, after a while of warming up. */
export async function saturate(
  generator: Generator<SocketCommands>,
  { senders, inFlight, seconds }: Talking,
): Promise<{ rate: number; p99: number }> {
  await generator.call('saturate', { senders, inFlight, ms: 500 });
  const {
    count,
    seconds: took,
    p99,
  } = await generator.call('saturate', {
    senders,
    inFlight,
    ms: seconds * 1000,
  });
  return { rate: count / took, p99 };
}

export interface Pace {
  readonly senders: Saturating['senders'];
  /** Messages a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Sockets of `listeners` that receive each. */
  readonly audience: number;
}

/**
 * Sends at a pace, from sockets that do nothing else, as what is acknowledged is not waited for; answers the p99 from
 * sending to arrival at `listeners`, in milliseconds.
 */
export async function delivery(
  pacers: Generator<SocketCommands>,
  listeners: Generator<SocketCommands>,
  { senders, rate, seconds, audience }: Pace,
): Promise<number> {
  const count = Math.round(rate * seconds);
  await listeners.call('listen', true);
  await pacers.call('pace', { senders, count, everyMs: 1000 / rate });
  const { p99 } = await listeners.call('heard', count * audience, 20_000);
  return p99;
}

/** Lets what came before come to rest: connections that were made, deliveries that are confirmed, garbage. */
export const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000));

/** From 1, doubling: `doubling(512)` is 1, 2, 4 … 512. */
export const doubling = (most: number): number[] =>
  Array.from({ length: Math.log2(most) + 1 }, (_, n) => 2 ** n);
