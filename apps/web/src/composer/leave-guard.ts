import type { Upload } from '@parley/react';

interface Queue {
  readonly getSnapshot: () => readonly Upload[];
  readonly subscribe: (listener: () => void) => () => void;
}

const guarded = new Set<Queue>();

const isUploading = (): boolean =>
  [...guarded].some((queue) => queue.getSnapshot().some(({ status }) => status === 'uploading'));

const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

function look(): void {
  if (isUploading()) window.addEventListener('beforeunload', ask);
  else window.removeEventListener('beforeunload', ask);
}

/** From now on the browser asks before it leaves the page while a file of this queue is on its way. */
export function guardLeaving(queue: Queue): void {
  if (guarded.has(queue)) return;
  guarded.add(queue);
  queue.subscribe(look);
}
