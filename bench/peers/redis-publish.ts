/**
 * What Redis does by itself: `SPUBLISH` of prepared bytes over one connection, some hundred on their way at a time, as
 * redis-benchmark does it with `-P`, and another connection that is subscribed and reads. Started as a generator.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { serveCommands } from '../generator.ts';

export interface Publishing {
  readonly port: number;
  /** What is published, and how many channels take turns. */
  readonly payload: string;
  readonly channels: number;
  /** Messages without an answer at the same time. */
  readonly inFlight: number;
  readonly ms: number;
}

const commands = {
  /** Publishes for that long; answers when all has arrived. */
  async publish({ port, payload, channels, inFlight, ms }: Publishing) {
    const names = Array.from({ length: channels }, (_, n) => `bench:{0}:${n}`);
    const prepared = names.map((name) => Buffer.from(command(['SPUBLISH', name, payload])));
    const subscriber = connect({ port, host: '127.0.0.1', noDelay: true });
    subscriber.write(command(['SSUBSCRIBE', ...names]));
    await once(subscriber, 'data');
    let arrived = 0;
    const all = Promise.withResolvers<void>();
    let wanted = Infinity;
    // Redis sends a message under its name, which no payload here holds.
    const mark = Buffer.from('$8\r\nsmessage');
    subscriber.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(mark); at >= 0; at = chunk.indexOf(mark, at + mark.length)) arrived++;
      if (arrived >= wanted * cutShare) all.resolve();
    });
    const publisher = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(publisher, 'connect');
    const started = performance.now();
    let [sent, answered] = [0, 0];
    const done = Promise.withResolvers<void>();
    const fill = (): void => {
      const some: Buffer[] = [];
      while (sent - answered < inFlight) some.push(prepared[sent++ % channels] ?? Buffer.alloc(0));
      publisher.write(Buffer.concat(some));
    };
    publisher.on('data', (chunk: Buffer) => {
      // `:1` and a line end for each.
      for (const byte of chunk) if (byte === 0x3a) answered++;
      if (performance.now() - started < ms) return fill();
      if (answered >= sent) done.resolve();
    });
    fill();
    await done.promise;
    wanted = sent;
    if (arrived < wanted * cutShare) await all.promise;
    const seconds = (performance.now() - started) / 1000;
    publisher.destroy();
    subscriber.destroy();
    return { count: sent, seconds };
  },
};

/** Marks that were cut in two by the end of a read are not counted. */
const cutShare = 0.98;

export type RedisPublishCommands = typeof commands;

const command = (args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;

serveCommands(commands);
