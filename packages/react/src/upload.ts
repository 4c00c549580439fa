import { useMemo } from 'react';
import type { ParleyConversation, UploadFile } from '@parley/client';
import { useCell } from './cell.ts';
import { useParley } from './provider.ts';
import { UploadQueue, type Upload } from './uploads.ts';

export interface Uploads {
  /** Files on their way, and those that failed or were cancelled, in the order in which they were added. */
  readonly uploads: readonly Upload[];
  /** Posts a file as a message, with a caption if you like. */
  readonly upload: (file: UploadFile, caption?: string) => void;
  /** Stops one that is on its way. */
  readonly cancel: (key: string) => void;
  /** Sends a failed or cancelled one again; the server takes it at most once. */
  readonly retry: (key: string) => void;
  /** Takes one out of the list; one that is on its way is cancelled. */
  readonly discard: (key: string) => void;
}

const queues = new WeakMap<ParleyConversation, UploadQueue>();

/** The uploads of a conversation: for who watches them outside of a component. */
export function uploadsOf(conversation: ParleyConversation): UploadQueue {
  const queue = queues.get(conversation) ?? new UploadQueue(conversation);
  queues.set(conversation, queue);
  return queue;
}

/**
 * Uploads into a conversation, with progress: the same in every component. They go on when the component is gone, but not
 * after a reload of the page.
 */
export function useUpload(id: string): Uploads {
  const queue = uploadsOf(useParley().conversation(id));
  const uploads = useCell(queue.uploads);
  const ways = useMemo(
    () => ({
      upload: (file: UploadFile, caption?: string) => queue.add(file, caption),
      cancel: (key: string) => queue.cancel(key),
      retry: (key: string) => queue.retry(key),
      discard: (key: string) => queue.discard(key),
    }),
    [queue],
  );
  return useMemo(() => ({ uploads, ...ways }), [uploads, ways]);
}
