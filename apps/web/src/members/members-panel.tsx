import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { ConversationView } from '@parley/react';
import { rightsIn } from '../conversations/permissions.ts';
import { useIsWide } from '../conversations/use-is-wide.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { openerNear } from '../ui/focus.ts';
import { usePortalRoot } from '../ui/portal.tsx';
import { MembersList } from './members-list.tsx';
import { late } from '../ui/late.tsx';

const AddPeopleDialog = late(() => import('./add-people-dialog.tsx'));

interface MembersPanelProps {
  readonly view: ConversationView;
  readonly onClose: () => void;
}

/** Pixels of the app from which on the people stand beside the messages. */
const besideFrom = 1000;

/** Who is in a group: beside its messages, or over them where there is no room. */
export default function MembersPanel({ view, onClose }: MembersPanelProps): ReactNode {
  const isBeside = useIsWide(besideFrom);
  if (isBeside) return <Beside view={view} onClose={onClose} />;
  return (
    <Dialog title="Members" shape="sheet" onClose={onClose}>
      <Content view={view} />
    </Dialog>
  );
}

function Beside({ view, onClose }: MembersPanelProps): ReactNode {
  const root = usePortalRoot();
  const [opener] = useState(() => openerNear(root));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const close = (): void => {
    onClose();
    opener?.focus();
  };
  return (
    <aside
      className="members"
      aria-label="Members"
      onKeyDown={(event) => {
        // Not from a dialog or a menu of it, which stand elsewhere.
        if (
          event.key === 'Escape' &&
          event.target instanceof Node &&
          event.currentTarget.contains(event.target)
        )
          close();
      }}
    >
      <header className="members-header">
        <h2 className="members-title" ref={heading} tabIndex={-1}>
          Members
        </h2>
        <IconButton icon="close" label="Close" onClick={close} />
      </header>
      <Content view={view} />
    </aside>
  );
}

function Content({ view }: Pick<MembersPanelProps, 'view'>): ReactNode {
  const [isAdding, setAdding] = useState(false);
  const { conversation } = view;
  if (conversation === null) return null;
  return (
    <>
      {rightsIn(conversation).addPeople && (
        <div className="members-add">
          <Button icon="add" onClick={() => setAdding(true)}>
            Add people
          </Button>
        </div>
      )}
      <MembersList conversation={conversation} />
      {isAdding && <AddPeopleDialog view={view} onClose={() => setAdding(false)} />}
    </>
  );
}
