import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { defaultRateLimits, type RateLimits, type ServerFrame, type ServerFrames } from '@parley/protocol';
import { SignJWT } from 'jose';
import { WebSocket, type ClientOptions } from 'ws';
import { createVerifier } from '../../src/identity/verifier.ts';
import { createLimiter } from '../../src/limits/create-limiter.ts';
import type { BusEvent, DeliveredMove } from '../../src/messaging/ports.ts';
import { MemoryBus } from '../../src/realtime/bus-memory.ts';
import { Hub } from '../../src/realtime/hub.ts';
import type { UseCases } from '../../src/ws/command-handlers.ts';
import { prepare } from '../../src/ws/frame.ts';
import {
  createWebSocketServer,
  type ParleyWebSocketServer,
  type WebSocketServerDeps,
} from '../../src/ws/handshake.ts';

const secret = 'a secret of these tests, long enough';
const serviceKey = 'service-key-of-these-tests';

/** A client that keeps what it is sent. */
export class Client {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  readonly #closed: Promise<number>;

  constructor(socket: WebSocket) {
    this.socket = socket.setMaxListeners(0);
    socket.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as ServerFrame));
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => socket.once('close', resolve));
  }

  /** The close code. */
  get closed(): Promise<number> {
    return this.#closed;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The first frame of this kind, of those there are or are to come. */
  async first<T extends ServerFrame['type']>(
    type: T,
    where: (frame: ServerFrames[T]) => boolean = () => true,
  ): Promise<ServerFrames[T]> {
    const isIt = (frame: ServerFrame): frame is ServerFrames[T] & ServerFrame =>
      frame.type === type && where(frame as ServerFrames[T]);
    for (;;) {
      const found = this.frames.find(isIt);
      if (found !== undefined) return found;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const closed = this.#closed.then((code) => Promise.reject(new Error(`closed with ${code}`)));
    await Promise.race([once(this.socket, 'message'), closed]);
  }

  /** Sends a frame, and answers what comes back with its `request_id`. */
  async ask(frame: object): Promise<ServerFrame> {
    const id = `ask ${this.frames.length} ${Math.random()}`;
    this.send({ ...frame, request_id: id });
    for (;;) {
      const answer = this.frames.find((each) => 'request_id' in each && each.request_id === id);
      if (answer !== undefined) return answer;
      await this.#more();
    }
  }
}

/** An HTTP answer to an upgrade. */
export interface Refused {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly code: string; readonly detail: string; readonly [field: string]: unknown };
}

/** The WebSocket server on a real port, with the real hub, bus, verifier and limiter; the use cases are the test's. */
export class Harness {
  readonly bus = new MemoryBus({ error: () => undefined });
  /** Faults and warnings. */
  readonly logged: unknown[] = [];
  /** All else that is logged. */
  readonly lines: { readonly level: 'info' | 'debug'; readonly facts: object; readonly message: string }[] =
    [];
  readonly delivered: DeliveredMove[] = [];
  readonly ended: string[] = [];
  readonly closes: number[] = [];
  readonly server: ParleyWebSocketServer;
  readonly #http: Server = createServer();
  readonly #sockets = new Set<NetSocket>();
  readonly #hub: Hub;

  constructor(
    useCases: Partial<UseCases>,
    options: { limits?: RateLimits | null; deps?: Partial<WebSocketServerDeps> } = {},
  ) {
    const clock = { now: Date.now };
    const note = (facts: object, message: string) => void this.logged.push({ facts, message });
    const line = (level: 'info' | 'debug') => (facts: object, message: string) =>
      void this.lines.push({ level, facts, message });
    const log = { debug: line('debug'), info: line('info'), warn: note, error: note };
    const none = () => Promise.reject(new Error('not part of this test'));
    this.#hub = new Hub({
      bus: this.bus,
      conversations: {
        subscriptions: async () => ({
          cursor: '7',
          conversations: [{ id: 'c', version: 0, participantCount: 3 }],
        }),
        readMany: none,
      },
      changes: {
        changedSince: async () => ({ horizon: { epoch: 1, xid: 1 }, conversations: [], joined: [] }),
        receiptsSince: none,
        receiptsOf: none,
        profilesSince: none,
        changesAfter: none,
      },
      presence: { connected: () => undefined, disconnected: () => undefined },
      prepare,
      clock,
      log,
      meter: { gap: () => undefined, repaired: () => undefined },
    });
    const identity = {
      kind: 'tokens',
      secret,
      jwksUrl: null,
      audience: 'authenticated',
      issuer: null,
      serviceKey,
    } as const;
    this.server = createWebSocketServer({
      prefix: '/api',
      verifier: createVerifier(identity, {
        demoSecret: null,
        profiles: { saveProfile: () => Promise.resolve(true) },
        clock,
        log: { info: note, warn: note } as never,
      }),
      rateLimits: options.limits ?? null,
      limiter: createLimiter(options.limits ?? null, null, { log, onFallback: () => undefined } as never),
      hub: this.#hub,
      useCases: {
        messages: { send: none },
        receipts: { markRead: none },
        conversations: { access: none },
        presence: { typing: none },
        catchUp: { page: none },
        ...useCases,
      },
      corsOrigins: ['https://app.example'],
      addressOf: (request) => request.socket.remoteAddress ?? '',
      clock,
      log,
      meter: {
        opened: () => undefined,
        closed: (code) => this.closes.push(code),
        command: () => undefined,
        error: () => undefined,
        dropped: () => undefined,
        overflowed: () => undefined,
      },
      onLimited: () => undefined,
      onSent: () => undefined,
      onDelivered: (moves) => this.delivered.push(...moves),
      onClosed: (userId) => this.ended.push(userId),
      ...options.deps,
    });
    this.#http.on(
      'upgrade',
      (request, socket, head) => void this.server.handleUpgrade(request, socket, head),
    );
    this.#http.on('connection', (socket) => this.#sockets.add(socket));
  }

  async listen(): Promise<this> {
    await once(this.#http.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  close(): void {
    this.#hub.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#http.close();
  }

  get serviceKey(): string {
    return serviceKey;
  }

  get address(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** A token that expires this many seconds from now. */
  token(userId: string, seconds = 3600): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ role: 'authenticated', app_metadata: { role: 'student' } })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setAudience('authenticated')
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(new TextEncoder().encode(secret));
  }

  dial(path = '/api/ws', protocols: string[] = [], options: ClientOptions = {}): WebSocket {
    return new WebSocket(`ws://${this.address}${path}`, protocols, options);
  }

  /** Connects, and awaits the first frame. */
  async connect(userId: string, seconds?: number): Promise<Client> {
    const authorization = `Bearer ${await this.token(userId, seconds)}`;
    const client = new Client(this.dial('/api/ws', [], { headers: { authorization } }));
    await client.first('connected');
    return client;
  }

  /** Dials, and answers the refusal. */
  refused(path?: string, protocols?: string[], options?: ClientOptions): Promise<Refused> {
    const socket = this.dial(path, protocols, options);
    return new Promise((resolve, reject) => {
      socket.on('open', () => reject(new Error('it was accepted')));
      socket.on('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: JSON.parse(text) as Refused['body'],
          }),
        );
      });
    });
  }

  publish(event: BusEvent): void {
    this.bus.publish(event);
  }
}

/** The default limits, with one of them changed for everybody. */
export const limitsWith = (type: keyof RateLimits, count: number): RateLimits => ({
  ...defaultRateLimits,
  [type]: { admin: [count, 60], moderator: [count, 60], teacher: [count, 60], student: [count, 60] },
});
