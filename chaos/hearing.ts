import type { ServerFrame } from '@parley/protocol';
import { frameProblem } from '../packages/server/test/support/frames.ts';
import { addVersion, type Ranges } from './records.ts';
import type { Session } from './session.ts';

const mostComplaints = 20;

/** What a client heard, judged as it comes: frames that are not as declared, and events out of order. */
export class Hearing {
  frames = 0;
  /** Durable events among them. */
  deliveries = 0;
  readonly disorder: string[] = [];
  readonly undeclared: string[] = [];
  readonly #received = new Map<string, Ranges>();

  /** By conversation, the versions of which we were told. */
  get received(): Readonly<Record<string, Ranges>> {
    return Object.fromEntries(this.#received);
  }

  note(session: Session, frame: ServerFrame): void {
    this.frames++;
    const problem = frameProblem(frame);
    if (problem !== null) complain(this.undeclared, problem);
    if ('version' in frame) this.#noteVersion(session, frame.conversation_id, frame.version, frame.type);
  }

  #noteVersion(session: Session, conversationId: string, version: number, type: string): void {
    this.deliveries++;
    const last = session.versions.get(conversationId) ?? -1;
    session.versions.set(conversationId, Math.max(last, version));
    if (version <= last)
      complain(this.disorder, `${type} of ${conversationId} with version ${version} came after ${last}`);
    const ranges = this.#received.get(conversationId) ?? [];
    this.#received.set(conversationId, ranges);
    addVersion(ranges, version);
  }
}

/** The first of them say enough. */
export function complain(list: string[], what: string): void {
  if (list.length < mostComplaints) list.push(what);
}
