import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Icon } from '../ui/icons.tsx';
import { useStanding } from './standing.ts';
import { useAddFiles } from './use-add-files.ts';

/** Takes files that are dropped anywhere on the element that this stands in, and shows so while they hang over it. */
export function DropArea({ id }: { readonly id: string }): ReactNode {
  const mark = useRef<HTMLDivElement>(null);
  const [isOver, setOver] = useState(false);
  const addFiles = useAddFiles(id);
  const mayWrite = useStanding(id) === 'may-write';
  useEffect(() => {
    const area = mark.current?.parentElement;
    if (!mayWrite || area === null || area === undefined) return undefined;
    return listen(area, setOver, (files) => void addFiles(files));
  }, [addFiles, mayWrite]);
  return (
    <div ref={mark} className="drop-area" hidden={!isOver}>
      <p>
        <Icon name="paperclip" size={32} />
        Drop files to attach them
      </p>
    </div>
  );
}

function listen(
  area: HTMLElement,
  setOver: (isOver: boolean) => void,
  onFiles: (files: readonly File[]) => void,
): () => void {
  // Each child on the way is entered before the last one is left.
  let depth = 0;
  const set = (next: number) => {
    depth = Math.max(0, next);
    setOver(depth > 0);
  };
  const handlers: Readonly<Record<string, (data: DataTransfer) => void>> = {
    dragenter: () => set(depth + 1),
    dragover: (data) => {
      data.dropEffect = 'copy';
    },
    dragleave: () => set(depth - 1),
    drop: (data) => {
      set(0);
      onFiles([...data.files]);
    },
  };
  const handle = (event: Event) => {
    if (!(event instanceof DragEvent) || event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    handlers[event.type]?.(event.dataTransfer);
  };
  for (const type of Object.keys(handlers)) area.addEventListener(type, handle);
  return () => {
    set(0);
    for (const type of Object.keys(handlers)) area.removeEventListener(type, handle);
  };
}
