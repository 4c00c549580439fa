import { Fragment, type ReactNode } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { useChoice } from './choice.ts';
import { singleKeys } from './choices.ts';
import { capsOf, isSingle, shortcutGroups, type Shortcut } from './shortcut-keys.ts';

interface ShortcutsSheetProps {
  readonly shortcuts: readonly Shortcut[];
  readonly onClose: () => void;
}

/** Keys that are heard where the focus is, and so are nobody's shortcuts. */
const heardInPlace: readonly Shortcut[] = [
  { keys: 'Mod+Enter', label: 'Start it, in the dialog', group: 'Conversations' },
  { keys: 'ArrowUp', label: 'Earlier message, in the list', group: 'Messages' },
  { keys: 'ArrowDown', label: 'Later message, in the list', group: 'Messages' },
  { keys: 'Home', label: 'The first message', group: 'Messages' },
  { keys: 'End', label: 'The newest message', group: 'Messages' },
  { keys: 'R', label: 'Reply', group: 'Messages' },
  { keys: 'E', label: 'Edit your message', group: 'Messages' },
  { keys: 'C', label: 'Copy its text', group: 'Messages' },
  { keys: 'Delete', label: 'Delete your message', group: 'Messages' },
  { keys: 'Enter', label: 'All that can be done with it', group: 'Messages' },
  { keys: 'Enter', label: 'Send', group: 'Writing' },
  { keys: 'Shift+Enter', label: 'New line', group: 'Writing' },
  { keys: 'ArrowUp', label: 'Edit your last message, in the empty field', group: 'Writing' },
  { keys: 'Mod+B', label: 'Bold', group: 'Writing' },
  { keys: 'Mod+I', label: 'Emphasis', group: 'Writing' },
];

/** All that the keyboard does, by what it is about. */
export default function ShortcutsSheet({ shortcuts, onClose }: ShortcutsSheetProps): ReactNode {
  const singles = useChoice(singleKeys);
  const groups = shortcutGroups
    .map((name) => ({
      name,
      shortcuts: [...shortcuts, ...heardInPlace].filter(({ group }) => group === name),
    }))
    .filter((group) => group.shortcuts.length > 0);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div className="shortcuts">
        {groups.map((group) => (
          <section key={group.name}>
            <h3 className="shortcuts-group">{group.name}</h3>
            <dl className="shortcuts-list">
              {group.shortcuts.map(({ keys, label }) => (
                <div
                  className="shortcut"
                  key={keys + label}
                  data-off={singles === 'off' && isSingle(keys) ? '' : undefined}
                >
                  <dt>{label}</dt>
                  <dd>
                    <Keys keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <label className="shortcuts-switch">
          <input
            type="checkbox"
            checked={singles === 'on'}
            onChange={(event) => singleKeys.set(event.target.checked ? 'on' : 'off')}
          />
          Letters and signs alone are shortcuts, too
        </label>
      </div>
    </Dialog>
  );
}

function Keys({ keys }: { readonly keys: string }): ReactNode {
  return capsOf(keys).map((name, index) => (
    <Fragment key={name}>
      {index > 0 && ' '}
      <kbd className="key">{name}</kbd>
    </Fragment>
  ));
}
