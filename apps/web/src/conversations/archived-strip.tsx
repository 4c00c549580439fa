import type { ReactNode } from 'react';
import type { Conversation } from '@parley/client';
import { Icon } from '../ui/icons.tsx';
import { rightsIn } from './permissions.ts';
import { useArchive } from './use-archive.ts';

/** That a conversation which is open is not among the others, and the way back for those who may. */
export default function ArchivedStrip({ conversation }: { readonly conversation: Conversation }): ReactNode {
  const archive = useArchive(conversation);
  return (
    <div className="archived-strip">
      <Icon name="archive" />
      <p>Archived for everyone in it.</p>
      {rightsIn(conversation).archive && (
        <button type="button" onClick={() => archive(false)}>
          Unarchive
        </button>
      )}
    </div>
  );
}
