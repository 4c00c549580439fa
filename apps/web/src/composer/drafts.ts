import type { AnyMessage, Parley } from '@parley/client';
import { Shelf, mergeDrafts, parseDraft, type KeptDraft } from './kept.ts';

/** A file that was chosen and not sent yet. */
export interface StagedFile {
  readonly key: string;
  readonly file: File;
}

/** What somebody began to write in a conversation. It stays when they look at another one; text and reply over a reload, too. */
export interface Draft {
  readonly text: string;
  /** The message that this answers, or null. */
  readonly replyTo: AnyMessage | null;
  /** Its id: also where the message itself is not known, after a reload. */
  readonly replyToId: string | null;
  /** The message that `editText` is to replace, or null. */
  readonly editing: AnyMessage | null;
  readonly editText: string;
  readonly files: readonly StagedFile[];
  /** Why files were not taken, a sentence each. */
  readonly refusals: readonly string[];
}

export type DraftChange = Partial<Draft>;

const blank: Draft = {
  text: '',
  replyTo: null,
  replyToId: null,
  editing: null,
  editText: '',
  files: [],
  refusals: [],
};

/** All drafts of one signed-in person, kept as they are written and the same in all tabs. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>();
  /** When each draft was last changed. */
  readonly #changedAt = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #parley: Parley;
  readonly #server: string;
  #shelf: Shelf | null = null;
  #stop: (() => void) | null = null;

  constructor(parley: Parley, server: string) {
    this.#parley = parley;
    this.#server = server;
    this.#attach();
  }

  /** Null until it is known who one is. */
  get shelf(): Shelf | null {
    return this.#shelf;
  }

  of(id: string): Draft {
    return this.#drafts.get(id) ?? blank;
  }

  /** Changes parts of a draft. A reply or an edit that begins ends the other. */
  change(id: string, change: DraftChange): void {
    const before = this.of(id);
    const draft = { ...before, ...followUps(change), ...change };
    this.#drafts.set(id, draft);
    if (draft.text !== before.text || draft.replyToId !== before.replyToId) {
      this.#changedAt.set(id, Date.now());
      this.#keep(id);
    }
    this.#fire();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const own = () => listener();
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#stop?.();
    };
  };

  #start(): void {
    const stopParley = this.#parley.subscribe(
      (state) => state.userId,
      () => this.#attach(),
    );
    const onStorage = ({ key, oldValue, newValue }: StorageEvent) => {
      const id = key === null ? null : (this.#shelf?.conversationOf(key) ?? null);
      if (id !== null) this.#take(id, parseDraft(oldValue), parseDraft(newValue));
    };
    // A tab that slept has missed what others wrote.
    const onShow = () => document.visibilityState === 'visible' && this.#readAll();
    window.addEventListener('storage', onStorage);
    document.addEventListener('visibilitychange', onShow);
    this.#stop = () => {
      stopParley();
      window.removeEventListener('storage', onStorage);
      document.removeEventListener('visibilitychange', onShow);
    };
    this.#attach();
  }

  /** Once it is known who one is. What was written until then is kept, too. */
  #attach(): void {
    const { userId } = this.#parley.getSnapshot();
    if (this.#shelf !== null || userId === null) return;
    this.#shelf = new Shelf(this.#server, userId);
    for (const id of this.#changedAt.keys()) this.#keep(id);
    this.#readAll();
  }

  #readAll(): void {
    for (const [id, kept] of this.#shelf?.drafts() ?? []) this.#take(id, null, kept);
  }

  #take(id: string, before: KeptDraft | null, after: KeptDraft | null): void {
    const draft = this.of(id);
    const here = { text: draft.text, replyTo: draft.replyToId, at: this.#changedAt.get(id) ?? 0 };
    const merged = mergeDrafts(here, before, after);
    if (merged === here) return;
    const { text, replyTo: replyToId, at } = merged ?? { text: '', replyTo: null, at: Date.now() };
    this.#changedAt.set(id, at);
    const replyTo = draft.replyTo?.id === replyToId ? draft.replyTo : null;
    this.#drafts.set(id, { ...draft, text, replyTo, replyToId });
    this.#fire();
  }

  #keep(id: string): void {
    const { text, replyToId: replyTo } = this.of(id);
    const isEmpty = text.trim() === '' && replyTo === null;
    const at = this.#changedAt.get(id) ?? Date.now();
    this.#shelf?.keepDraft(id, isEmpty ? null : { text, replyTo, at });
  }

  #fire(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What a change brings with it. */
function followUps({ replyTo, editing }: DraftChange): DraftChange {
  if (editing !== undefined && editing !== null) return { editText: editing.content };
  if (replyTo === undefined) return {};
  return replyTo === null ? { replyToId: null } : { replyToId: replyTo.id, editing: null };
}

const ofParley = new WeakMap<Parley, Drafts>();

/** The drafts of whoever is signed in with this client. */
export function draftsOf(parley: Parley, server: string): Drafts {
  const drafts = ofParley.get(parley) ?? new Drafts(parley, server);
  ofParley.set(parley, drafts);
  return drafts;
}
