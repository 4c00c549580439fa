import type { Watermarks } from '@parley/protocol';
import { personIn } from '../messaging/person-in.ts';
import type { BusEvent } from '../messaging/ports.ts';
import { Generations } from './generations.ts';

/** Watermarks of one generation; two are kept. */
const capacity = 32_768;

interface Heard {
  readonly read: number;
  readonly delivered: number;
}

/** How far people are known to have read and received, as events told lately: what was told is not told again. */
export class HeardWatermarks {
  readonly #heard = new Generations<Heard>(capacity);

  /** Takes note of an event that people here receive. */
  note({ frame }: BusEvent): void {
    switch (frame.type) {
      case 'message_read':
        return this.#set(frame.conversation_id, frame.user_id, frame.last_seq, frame.last_seq);
      case 'message_delivered':
        return this.#set(frame.conversation_id, frame.user_id, 0, frame.last_seq);
      case 'new_message': {
        // Who sends has read all before it; nobody is told so apart.
        const { sender_id, seq } = frame.message;
        return this.#set(frame.conversation_id, sender_id, seq, seq);
      }
      case 'participant_added': {
        const { user_id, last_read_seq, last_delivered_seq } = frame.participant;
        return this.#set(frame.conversation_id, user_id, last_read_seq, last_delivered_seq);
      }
      default:
    }
  }

  /** What of somebody's watermarks nobody here was told lately. */
  news(conversationId: string, marks: Watermarks): { readonly read: boolean; readonly delivered: boolean } {
    const heard = this.#get(personIn(conversationId, marks.user_id));
    return {
      read: marks.last_read_seq > heard.read,
      delivered: marks.last_delivered_seq > Math.max(heard.delivered, marks.last_read_seq),
    };
  }

  #get(key: string): Heard {
    return this.#heard.get(key) ?? nothing;
  }

  #set(conversationId: string, userId: string, read: number, delivered: number): void {
    const key = personIn(conversationId, userId);
    const heard = this.#get(key);
    this.#heard.set(key, {
      read: Math.max(heard.read, read),
      delivered: Math.max(heard.delivered, delivered),
    });
  }
}

const nothing: Heard = { read: 0, delivered: 0 };
