import type { DeliveryStatus } from './messages.ts';

/** One participant's watermarks in a conversation. */
export interface Watermark {
  readonly user_id: string;
  readonly joined_seq: number;
  readonly last_read_seq: number;
  readonly last_delivered_seq: number;
}

/** The weakest status of a message over the other participants who were there when it was sent. */
export function statusOf(
  message: { readonly seq: number; readonly sender_id: string },
  watermarks: Iterable<Watermark>,
): DeliveryStatus {
  let others = 0;
  let read = true;
  for (const mark of watermarks) {
    if (mark.user_id === message.sender_id || mark.joined_seq >= message.seq) continue;
    others++;
    if (mark.last_delivered_seq < message.seq) return 'sent';
    read &&= mark.last_read_seq >= message.seq;
  }
  if (others === 0) return 'sent';
  return read ? 'read' : 'delivered';
}
