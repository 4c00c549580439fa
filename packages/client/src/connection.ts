import type { ClientFrame, ServerFrame } from '@parley/protocol';
import { failure, toParleyError, type ParleyError } from './errors.ts';
import type { Link, LinkListener, LinkStatus } from './link.ts';
import type { WebSocketConstructor, WebSocketLike } from './platform.ts';
import type { Tokens } from './tokens.ts';

/** Milliseconds. Tests make them short. */
export interface Timing {
  /** Between two looks at the connection. */
  readonly tick: number;
  /** Without a frame, after which a `ping` is sent. */
  readonly silence: number;
  /** For its answer. */
  readonly patience: number;
  /** The shortest and the longest pause before a reconnect that is not the first. */
  readonly pause: number;
  readonly longest: number;
}

export const timing: Timing = { tick: 5000, silence: 25_000, patience: 10_000, pause: 1000, longest: 30_000 };

export interface ConnectionDeps {
  readonly url: string;
  readonly tokens: Tokens;
  readonly WebSocket: WebSocketConstructor;
  /** Asks the server over HTTP how it does: browsers hide why an upgrade was refused. @throws ParleyError */
  readonly probe: () => Promise<unknown>;
  readonly timing: Timing;
}

/** Marks the answer to `refresh_token`; the ids of others are random. */
const refreshId = 'token';

// Close codes.
const unauthorized = 4401;
const flood = 4429;

/** One socket, kept open: heartbeat, fresh tokens, and reconnecting with a growing, random pause. */
export class Connection implements Link {
  readonly leads = true;
  readonly #deps: ConnectionDeps;
  readonly #to: LinkListener;
  #socket: WebSocketLike | null = null;
  #token = '';
  /** Counts tries to connect: what an earlier one brings is not for this one. */
  #try = 0;
  #failures = 0;
  #status: LinkStatus['status'] | 'stopped' = 'stopped';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tickedAt = 0;
  #openedAt = 0;
  #heardAt = 0;
  /** When a `ping` must have been answered; 0 if none is under way. */
  #deadline = 0;

  constructor(deps: ConnectionDeps, to: LinkListener) {
    this.#deps = deps;
    this.#to = to;
  }

  start(): void {
    if (this.#status === 'stopped') void this.#connect();
  }

  stop(): void {
    this.#status = 'stopped';
    this.#drop();
  }

  send(frame: ClientFrame): void {
    if (this.#status === 'open') this.#socket?.send(JSON.stringify(frame));
  }

  /** Nobody shares it. */
  tell(): void {}

  wake(): void {
    if (this.#status === 'open') return this.#ping(this.#deps.timing.patience / 2);
    // A try that is under way may have begun before the network was back: the next one follows at once.
    this.#failures = 0;
    if (this.#status !== 'stopped' && this.#socket === null) void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#drop();
    const current = this.#try;
    if (this.#status !== 'refused') this.#told({ status: 'connecting' });
    try {
      const token = await this.#deps.tokens.get();
      if (current === this.#try) this.#dial(token);
    } catch (error) {
      if (current === this.#try) this.#pause(toParleyError(error));
    }
  }

  #dial(token: string): void {
    const { url, WebSocket, timing } = this.#deps;
    const socket = new WebSocket(url, ['parley', `bearer.${token}`]);
    this.#token = token;
    this.#socket = socket;
    this.#status = 'connecting';
    this.#timer = setTimeout(() => this.#lost(0), timing.patience);
    socket.onopen = () => {
      this.#openedAt = this.#tickedAt = this.#heardAt = Date.now();
      this.#deadline = 0;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#tick, timing.tick);
      this.#told({ status: 'open' });
    };
    socket.onmessage = ({ data }: { data: unknown }) => this.#receive(String(data));
    socket.onclose = ({ code }: { code: number }) => this.#lost(code);
    socket.onerror = () => undefined;
  }

  #receive(data: string): void {
    this.#heardAt = Date.now();
    this.#deadline = 0;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's frames are as its schemas say
    const frame = JSON.parse(data) as ServerFrame;
    if (frame.type === 'pong' || frame.type === 'token_refreshed') return;
    if (frame.type === 'error' && frame.request_id === refreshId) return this.#refused();
    this.#to.frame(frame);
  }

  readonly #tick = (): void => {
    const { tick, silence, patience } = this.#deps.timing;
    const now = Date.now();
    const slept = now - this.#tickedAt > tick + patience;
    this.#tickedAt = now;
    this.#timer = setTimeout(this.#tick, tick);
    if (slept) return this.wake();
    if (this.#deadline > 0 && now > this.#deadline) return this.#lost(0);
    if (now - this.#openedAt > tick) this.#failures = 0;
    if (this.#deadline === 0 && now - this.#heardAt >= silence) this.#ping(patience);
    if (this.#deps.tokens.isOld) void this.#refresh();
  };

  #ping(patience: number): void {
    this.#deadline = Math.min(this.#deadline || Infinity, Date.now() + patience);
    this.send({ type: 'ping' });
  }

  /** Goes on with a fresh token on the same socket. If there is none, the server will end it in time. */
  async #refresh(): Promise<void> {
    const token = await this.#deps.tokens.get().catch(() => this.#token);
    if (token === this.#token) return;
    this.#token = token;
    this.send({ type: 'refresh_token', token, request_id: refreshId });
  }

  #refused(): void {
    this.#deps.tokens.refuse(this.#token);
    this.#lost(unauthorized);
  }

  #lost(code: number): void {
    const wasOpen = this.#status === 'open';
    this.#drop();
    const current = this.#try;
    const error = failure('network', `The connection was closed (${code})`);
    if (code === unauthorized) this.#deps.tokens.refuse(this.#token);
    if (code === flood) this.#failures = Math.max(this.#failures, 4);
    if (wasOpen) return this.#pause(error);
    const went = (reason: ParleyError): void => {
      if (current === this.#try) this.#pause(reason);
    };
    this.#timer = setTimeout(() => went(error), this.#deps.timing.patience);
    this.#deps.probe().then(
      () => went(error),
      (thrown: unknown) => went(toParleyError(thrown)),
    );
  }

  /** At once after a connection that had stood; then twice as long each time, and never all clients at the same time. */
  #pause(error: ParleyError): void {
    const { pause, longest } = this.#deps.timing;
    const most = this.#failures === 0 ? 0 : Math.min(longest, pause * 2 ** this.#failures);
    this.#failures++;
    clearTimeout(this.#timer);
    const ms = Math.max((most * (1 + Math.random())) / 2, (error.retryAfter ?? 0) * 1000);
    this.#timer = setTimeout(() => void this.#connect(), ms);
    if (error.status === 401) this.#told({ status: 'refused', error });
    else this.#told({ status: 'waiting', retryAt: Date.now() + ms, error });
  }

  #drop(): void {
    this.#try++;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    // A dead peer never answers the close: it is not waited for.
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #told(status: LinkStatus): void {
    this.#status = status.status;
    this.#to.status(status);
  }
}
