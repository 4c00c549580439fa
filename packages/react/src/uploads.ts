import { ParleyError, type ParleyConversation, type UploadFile } from '@parley/client';
import { Cell } from './cell.ts';

/** One file on its way, or one that did not get there. One that shows as a message is no longer here. */
export interface Upload {
  /** Also the `key` of the message that it becomes. */
  readonly key: string;
  readonly file: UploadFile;
  readonly fileName: string;
  readonly caption: string;
  readonly status: 'uploading' | 'failed' | 'cancelled';
  /** How much has left, from 0 to 1. */
  readonly progress: number;
  /** Why it failed. */
  readonly error: ParleyError | null;
}

/** The uploads of one conversation: they go on while nobody looks at it. */
export class UploadQueue {
  readonly uploads = new Cell<readonly Upload[]>([]);
  readonly #conversation: ParleyConversation;
  /** Of those on their way. */
  readonly #aborts = new Map<string, AbortController>();
  /** The `seq`s of those that the server has, and that don't show as messages yet. */
  readonly #arrived = new Map<string, number>();
  #stop: (() => void) | null = null;

  constructor(conversation: ParleyConversation) {
    this.#conversation = conversation;
  }

  /** Begins at once. The outcome shows in the list, or as a message. */
  add(file: UploadFile, caption = ''): void {
    const key = newKey();
    const fileName = 'name' in file && typeof file.name === 'string' ? file.name : 'file';
    const upload: Upload = { key, file, fileName, caption, status: 'uploading', progress: 0, error: null };
    this.#set([...this.uploads.getSnapshot(), upload]);
    void this.#run(upload);
  }

  cancel(key: string): void {
    const abort = this.#aborts.get(key);
    if (abort === undefined) return;
    this.#aborts.delete(key);
    abort.abort();
    this.#change(key, { status: 'cancelled' });
  }

  retry(key: string): void {
    const upload = this.uploads.getSnapshot().find((each) => each.key === key);
    if (upload === undefined || upload.status === 'uploading') return;
    this.#change(key, { status: 'uploading', progress: 0, error: null });
    void this.#run(upload);
  }

  discard(key: string): void {
    this.cancel(key);
    this.#remove((each) => each.key === key);
  }

  async #run({ key, file, caption }: Upload): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(key, abort);
    // Not so once it was cancelled or shows as a message, whatever came of it since.
    const isCurrent = () => this.#aborts.get(key) === abort;
    try {
      const { seq } = await this.#conversation.upload(file, {
        clientId: key,
        signal: abort.signal,
        ...(caption !== '' && { content: caption }),
        onProgress: ({ loaded, total }) => {
          if (isCurrent()) this.#change(key, { progress: total === 0 ? 0 : Math.min(1, loaded / total) });
        },
      });
      if (!isCurrent()) return;
      this.#aborts.delete(key);
      this.#arrived.set(key, seq);
      this.#look();
    } catch (thrown) {
      if (!isCurrent()) return;
      this.#aborts.delete(key);
      this.#change(key, { status: 'failed', error: thrown instanceof ParleyError ? thrown : null });
    }
  }

  /** Takes out what shows as a message by now: neither is a file shown twice, nor not at all for a moment. */
  readonly #look = (): void => {
    const { conversation, messages } = this.#conversation.getSnapshot();
    const shown = new Set(messages.map((message) => message.client_id));
    const last = conversation?.last_seq ?? Infinity;
    this.#remove(({ key }) => {
      const seq = this.#arrived.get(key);
      return shown.has(key) || (seq !== undefined && seq <= last);
    });
  };

  #remove(isGone: (upload: Upload) => boolean): void {
    const uploads = this.uploads.getSnapshot();
    const gone = uploads.filter(isGone);
    if (gone.length === 0) return;
    for (const { key } of gone) {
      this.#aborts.delete(key);
      this.#arrived.delete(key);
    }
    this.#set(uploads.filter((upload) => !gone.includes(upload)));
  }

  #change(key: string, change: Partial<Upload>): void {
    this.#set(this.uploads.getSnapshot().map((each) => (each.key === key ? { ...each, ...change } : each)));
  }

  #set(uploads: readonly Upload[]): void {
    this.uploads.set(uploads);
    if (uploads.length > 0) this.#stop ??= this.#conversation.subscribe(this.#look);
    else {
      this.#stop?.();
      this.#stop = null;
    }
  }
}

/** `randomUUID` is missing on pages without TLS and in React Native. */
const newKey = (): string =>
  (globalThis as { readonly crypto?: { randomUUID?(): string } }).crypto?.randomUUID?.() ??
  Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10)).join('-');
