import { limits } from '@parley/protocol';
import { Deadlines } from './deadlines.ts';
import type { Clock } from './ports.ts';

/** Somebody who is typing in a conversation. */
interface Typist {
  readonly userId: string;
  readonly conversationId: string;
  /** The connections that said so. */
  readonly sources: Set<string>;
}

/** A question that is not answered yet. */
interface Question {
  readonly conversationId: string;
  readonly source: string;
  over: boolean;
}

/** Somebody wants to type and it is being asked whether they may. */
export interface TypingQuestion {
  /** Whether it ended meanwhile: they stopped, sent it, or are out of the conversation. */
  readonly isOver: boolean;
  /** To be called when the answer is there. */
  answered(): void;
}

export interface TypingDeps {
  readonly clock: Clock;
  readonly onStart: (userId: string, conversationId: string) => void;
  readonly onStop: (userId: string, conversationId: string) => void;
}

/** Who is typing on this node: until they stop, their last connection that typed ends, or 6 s pass without a word. */
export class Typing {
  readonly #deps: TypingDeps;
  readonly #typists = new Map<string, Map<string, Typist>>();
  readonly #deadlines: Deadlines<Typist>;
  /** By user id. */
  readonly #questions = new Map<string, Set<Question>>();

  constructor(deps: TypingDeps) {
    this.#deps = deps;
    this.#deadlines = new Deadlines(limits.typingMs, deps.clock, (typist) => this.#end(typist));
  }

  /** Watches what happens until it is known whether somebody may type, so that an end which comes first is the end. */
  ask(userId: string, conversationId: string, source: string): TypingQuestion {
    const questions = this.#questions.get(userId) ?? new Set();
    const question = { conversationId, source, over: false };
    this.#questions.set(userId, questions.add(question));
    return {
      get isOver() {
        return question.over;
      },
      answered: () => {
        questions.delete(question);
        if (questions.size === 0) this.#questions.delete(userId);
      },
    };
  }

  /** Starts or renews. */
  start(userId: string, conversationId: string, source: string): void {
    const theirs = this.#typists.get(userId) ?? new Map<string, Typist>();
    const known = theirs.get(conversationId);
    const typist = known ?? { userId, conversationId, sources: new Set<string>() };
    typist.sources.add(source);
    this.#typists.set(userId, theirs.set(conversationId, typist));
    this.#deadlines.set(typist);
    if (known === undefined) this.#deps.onStart(userId, conversationId);
  }

  /** Stops for one connection, or without `source` for all of theirs. Answers whether any of theirs was typing. */
  stop(userId: string, conversationId: string, source?: string): boolean {
    for (const question of this.#questions.get(userId) ?? []) {
      if (question.conversationId === conversationId && isOf(question, source)) question.over = true;
    }
    const typist = this.#typists.get(userId)?.get(conversationId);
    if (typist !== undefined) this.#stop(typist, source);
    return typist !== undefined;
  }

  /** Stops in every conversation: for one connection, or without `source` for all of theirs. */
  stopAll(userId: string, source?: string): void {
    for (const question of this.#questions.get(userId) ?? []) {
      if (isOf(question, source)) question.over = true;
    }
    for (const typist of this.#typists.get(userId)?.values() ?? []) this.#stop(typist, source);
  }

  /** Stops everybody in a conversation. */
  stopIn(conversationId: string): void {
    for (const theirs of this.#typists.values()) {
      const typist = theirs.get(conversationId);
      if (typist !== undefined) this.#end(typist);
    }
  }

  close(): void {
    this.#deadlines.clear();
    this.#typists.clear();
  }

  #stop(typist: Typist, source: string | undefined): void {
    if (source !== undefined) {
      typist.sources.delete(source);
      if (typist.sources.size > 0) return;
    }
    this.#end(typist);
  }

  #end(typist: Typist): void {
    const { userId, conversationId } = typist;
    this.#deadlines.delete(typist);
    const theirs = this.#typists.get(userId);
    theirs?.delete(conversationId);
    if (theirs?.size === 0) this.#typists.delete(userId);
    this.#deps.onStop(userId, conversationId);
  }
}

/** Whether it was asked for this connection; without `source` for any. */
const isOf = (question: Question, source: string | undefined): boolean =>
  source === undefined || question.source === source;
