import type { ClientFrames, ServerFrame, SyncAnswer } from '@parley/protocol';
import type { Actor } from '../messaging/actor.ts';
import { Refusal } from '../messaging/refusal.ts';
import { echo } from './echo.ts';

/** What catching up needs of the domain. */
export interface CatchUpPages {
  page(actor: Actor, cursor: string): Promise<SyncAnswer>;
}

/** The connection that catches up. */
export interface Resumer {
  readonly actor: Actor;
  /** Whether it is about to be closed, once what it asked for is answered. */
  readonly leaving: boolean;
  /** Whether it has ended, or is being closed. */
  readonly closing: boolean;
  /** Resolves once everything that happens from now on reaches it, or it has ended. */
  attached(): Promise<void>;
  /** Lets events wait, until `releaseEvents`. */
  holdEvents(): void;
  /** Where events were let go that no page made good, the connection ends: it can't go on from there. */
  releaseEvents(): void;
  /** Sends a page, and answers whether there is to be another. */
  sendPage(frame: SyncFrame): boolean;
  /** Resolves once its reader has taken most of what was sent, or it has ended: so does who takes too long. */
  drained(): Promise<void>;
}

/**
 * Answers pages until there is no more, each as soon as its reader has taken most of the one before. From before the
 * first is read until after the last is written the connection's events wait. Nothing is read for who is gone.
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
      // Before the first as well: what an earlier catch-up sent may not have been taken yet.
      await from.drained();
      if (from.closing) return null;
      const page = await catchUp.page(from.actor, cursor);
      if (from.leaving) throw new Refusal('shutting_down', { retryAfter: 1 });
      more = from.sendPage({ type: 'sync', ...echo(frame), ...page });
      cursor = page.cursor;
    }
  } finally {
    from.releaseEvents();
  }
  return null;
}

/** A page as it is sent. */
export type SyncFrame = Extract<ServerFrame, { type: 'sync' }>;
