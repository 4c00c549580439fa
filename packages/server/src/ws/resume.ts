import type { ClientFrames, ServerFrame, SyncAnswer } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import { Refusal } from '../messaging/refusal.ts';

/** What catching up needs of the domain. */
export interface CatchUpPages {
  page(actor: Actor, cursor: string): Promise<SyncAnswer>;
}

/** The connection that catches up. */
export interface Resumer {
  readonly actor: Actor;
  /** Whether it is about to be closed. */
  readonly leaving: boolean;
  /** Resolves once everything that happens from now on reaches it, or it has ended. */
  attached(): Promise<void>;
  /** Lets events wait, until `releaseEvents`. */
  holdEvents(): void;
  releaseEvents(): void;
  /** Sends a page, and answers whether there is to be another. */
  sendPage(frame: SyncFrame): boolean;
  /** Resolves once its reader has taken most of what was sent. */
  drained(): Promise<void>;
}

/**
 * Answers pages until there is no more, each as soon as its reader has taken most of the one before. From before the
 * first is read until after the last is written the connection's events wait.
 * @throws Refusal
 */
export async function resume(
  catchUp: CatchUpPages,
  from: Resumer,
  frame: ClientFrames['resume'],
): Promise<null> {
  await from.attached();
  from.holdEvents();
  try {
    for (let { cursor } = frame, more = true; more;) {
      const page = await catchUp.page(from.actor, cursor);
      if (from.leaving) throw new Refusal('shutting_down', { retryAfter: 1 });
      more = from.sendPage({ type: 'sync', ...echo(frame), ...page });
      cursor = page.cursor;
      if (more) await from.drained();
    }
  } finally {
    from.releaseEvents();
  }
  return null;
}

/** A page as it is sent. */
export type SyncFrame = Extract<ServerFrame, { type: 'sync' }>;

const echo = (frame: ClientFrames['resume']): { request_id?: string } =>
  frame.request_id === undefined ? {} : { request_id: frame.request_id };
