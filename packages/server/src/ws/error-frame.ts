import type { ServerFrames } from '@parley/protocol';
import { Refusal } from '../messaging/refusal.ts';

/** What a client is told of a frame that was refused; of a fault of ours, no more than that there was one. */
export function errorFrame(error: unknown, requestId: string | undefined): ServerFrames['error'] {
  const refusal = error instanceof Refusal ? error : new Refusal('internal');
  return {
    type: 'error',
    // A frame has no request body; this is what the specification's own example says.
    message: refusal.code === 'malformed_body' ? 'Invalid message format' : refusal.message,
    code: refusal.code,
    ...(requestId !== undefined && { request_id: requestId }),
    ...(refusal.retryAfter !== undefined && { retry_after: refusal.retryAfter }),
    ...(refusal.fields !== undefined && { errors: [...refusal.fields] }),
  };
}
