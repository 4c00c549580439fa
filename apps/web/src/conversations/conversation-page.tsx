import { useState, type ReactNode } from 'react';
import { useConversation } from '@parley/react';
import { Composer } from '../composer/composer.tsx';
import { DropArea } from '../composer/drop-area.tsx';
import { Timeline } from '../messages/timeline.tsx';
import { ConversationHeader } from './conversation-header.tsx';
import { late, preload } from '../ui/late.tsx';

const loadMembers = () => import('../members/members-panel.tsx');
const MembersPanel = late(loadMembers);
const ArchivedStrip = late(() => import('./archived-strip.tsx'));

/** One conversation: its header, its messages, the place to write, and the people in it. */
export function ConversationPage({ id }: { readonly id: string }): ReactNode {
  const view = useConversation(id);
  const [wantsMembers, setWantsMembers] = useState(false);
  const hasMembers = view.access === 'member' && view.conversation?.type === 'group';
  const showsMembers = wantsMembers && hasMembers;
  return (
    <div className="conversation-panes">
      <main className="conversation">
        <ConversationHeader
          view={view}
          showsMembers={showsMembers}
          onMembers={() => setWantsMembers(!showsMembers)}
          onNear={() => preload(loadMembers)}
        />
        {view.access === 'member' && view.conversation?.is_archived === true && (
          <ArchivedStrip conversation={view.conversation} />
        )}
        <Timeline id={id} />
        <Composer id={id} />
        <DropArea id={id} />
      </main>
      {showsMembers && <MembersPanel view={view} onClose={() => setWantsMembers(false)} />}
    </div>
  );
}
