import { Fragment, type ReactNode } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { useChoice } from './choice.ts';
import { singleKeys } from './choices.ts';
import { capsOf, isSingle, shortcutGroups, type Shortcut } from './shortcut-keys.ts';

interface ShortcutsSheetProps {
  readonly shortcuts: readonly Shortcut[];
  readonly onClose: () => void;
}

/** All that the keyboard does, by what it is about. */
export default function ShortcutsSheet({ shortcuts, onClose }: ShortcutsSheetProps): ReactNode {
  const singles = useChoice(singleKeys);
  const groups = shortcutGroups
    .map((name) => ({ name, shortcuts: shortcuts.filter(({ group }) => group === name) }))
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
