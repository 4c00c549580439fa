/** People who come back: they connect, and with a cursor catch up. And some who stay, and go on talking in pairs. */
import type { ServerFrame } from '@parley/protocol';
import { quantile } from '../figures.ts';
import { serveCommands } from '../generator.ts';
import { RawSocket, type RawOwner } from './raw-socket.ts';

export interface Arrival {
  readonly port: number;
  readonly tokens: readonly string[];
  /** At the same time; all unless given. */
  readonly atOnce?: number;
  /** From where to catch up; null: they only connect. */
  readonly cursor: string | null;
}

export interface Talk {
  readonly port: number;
  /** Of pairs, one after the other. */
  readonly tokens: readonly string[];
  /** The conversation of each pair. */
  readonly rooms: readonly string[];
  /** Messages a second of all. */
  readonly rate: number;
}

let crowd: Person[] = [];

class Person implements RawOwner {
  readonly #socket: RawSocket;
  readonly #cursor: string | null;
  readonly #onFrame: ((frame: ServerFrame) => void) | null;
  /** The cursor of where they are once they have all. */
  readonly ready = Promise.withResolvers<string>();
  messages = 0;

  constructor(
    port: number,
    token: string,
    cursor: string | null,
    onFrame: ((frame: ServerFrame) => void) | null = null,
  ) {
    this.#cursor = cursor;
    this.#onFrame = onFrame;
    this.#socket = new RawSocket({ port, path: '/api/ws', token }, this);
  }

  upgraded(): void {}

  text(bytes: Buffer, start: number, end: number): void {
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as ServerFrame;
    this.#onFrame?.(frame);
    if (frame.type === 'connected') {
      if (this.#cursor === null) this.ready.resolve(frame.cursor);
      else this.send({ type: 'resume', cursor: this.#cursor });
    } else if (frame.type === 'sync') {
      this.messages += frame.conversations.reduce((sum, { messages }) => sum + messages.length, 0);
      if (!frame.has_more) this.ready.resolve(frame.cursor);
    } else if (frame.type === 'error') {
      this.ready.reject(new Error(JSON.stringify(frame)));
    }
  }

  ended(reason: string): void {
    this.ready.reject(new Error(reason));
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

let hush: (() => number[]) | null = null;

const commands = {
  /** They come; answers when all have what they missed, in milliseconds since the first of them began. */
  async arrive({ port, tokens, atOnce = tokens.length, cursor }: Arrival) {
    const started = performance.now();
    const times: number[] = [];
    const left = tokens.values();
    let last = '';
    const some = async () => {
      for (const token of left) {
        const person = new Person(port, token, cursor);
        crowd.push(person);
        last = await person.ready.promise;
        times.push(performance.now() - started);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, some));
    return {
      cursor: last,
      messages: crowd.reduce((sum, person) => sum + person.messages, 0),
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      all: quantile(times, 1),
    };
  },

  /** All who came lose their sockets. */
  leave() {
    for (const person of crowd) person.destroy();
    crowd = [];
  },

  /** Pairs begin to talk. */
  async talk({ port, tokens, rooms, rate }: Talk) {
    const sentAt = new Map<string, number>();
    const times: number[] = [];
    const people = tokens.map(
      (token, place) =>
        new Person(port, token, null, (frame) => {
          if (frame.type !== 'new_message') return;
          const { content, sender_id: sender } = frame.message;
          const sent = sentAt.get(content);
          if (sent === undefined || sender === `s${place}`) return;
          times.push(performance.now() - sent);
          sentAt.delete(content);
        }),
    );
    await Promise.all(people.map(({ ready }) => ready.promise));
    let number = 0;
    setInterval(() => {
      const sender = number % people.length;
      const content = `message ${number++}`;
      sentAt.set(content, performance.now());
      people[sender]?.send({
        type: 'send_message',
        conversation_id: rooms[Math.floor(sender / 2)],
        content,
      });
    }, 1000 / rate);
    hush = () => times.splice(0);
  },

  /** What those who talk waited for each other's messages since this was asked last, in milliseconds. */
  waited() {
    const times = hush?.() ?? [];
    return { count: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  },
};

export type CrowdCommands = typeof commands;

serveCommands(commands);
