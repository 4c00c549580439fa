import type { ReactNode } from 'react';
import { useStanding } from './standing.ts';
import { Uploads } from './uploads.tsx';
import { Writer } from './writer.tsx';
import { late } from '../ui/late.tsx';

const Notice = late(() => import('./notice.tsx'));

/** Where one writes: text, replies, edits, files. Where one may not, it says why. */
export function Composer({ id }: { readonly id: string }): ReactNode {
  const standing = useStanding(id);
  // The list of messages says why.
  if (standing === 'unreadable') return null;
  return (
    <div className="composer">
      <Uploads id={id} />
      {standing === 'may-write' ? <Writer id={id} /> : <Notice id={id} standing={standing} />}
    </div>
  );
}
