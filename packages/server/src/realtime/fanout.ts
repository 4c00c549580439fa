import type { BusEvent } from '../messaging/ports.ts';
import type { Channel, Member } from './channel.ts';
import { frameFor } from './change.ts';
import type { Listener, Prepare, Prepared } from './listener.ts';

/** Gives one event to many, encoded when the first one needs it and not again. */
export class Fanout {
  readonly #event: BusEvent;
  readonly #prepare: Prepare;
  #general: Prepared | null = null;
  #personal: Prepared | null = null;

  constructor(event: BusEvent, prepare: Prepare) {
    this.#event = event;
    this.#prepare = prepare;
  }

  /** Whether anybody received it. */
  get wasNeeded(): boolean {
    return this.#general !== null || this.#personal !== null;
  }

  to(member: Member): void {
    const prepared = this.#for(member.userId);
    for (const listener of member.listeners) listener.deliver(prepared);
  }

  toListener(listener: Listener): void {
    listener.deliver(this.#for(listener.userId));
  }

  /** As `to`; and a message by somebody else is one to be delivered. */
  ofChannel(channel: Channel, member: Member): void {
    this.to(member);
    const { frame } = this.#event;
    if (frame.type !== 'new_message' || frame.message.sender_id === member.userId) return;
    for (const listener of member.listeners) listener.expectDelivery(channel.id, frame.message.seq);
  }

  #for(userId: string): Prepared {
    if (this.#event.personal?.userId !== userId) return (this.#general ??= this.#prepare(this.#event.frame));
    return (this.#personal ??= this.#prepare(frameFor(this.#event, userId)));
  }
}
