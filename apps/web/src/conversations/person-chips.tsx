import type { ReactNode } from 'react';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icons.tsx';
import type { Person } from './people.ts';

interface PersonChipsProps {
  readonly people: readonly Person[];
  readonly onRemove: (person: Person) => void;
  /** The field, behind the last of them. */
  readonly children: ReactNode;
}

/** People who were chosen, each with a way to take them out again. */
export function PersonChips({ people, onRemove, children }: PersonChipsProps): ReactNode {
  return (
    <div className="chips">
      {people.map((person) => (
        <button
          key={person.user_id}
          type="button"
          className="chip"
          aria-label={`Remove ${person.display_name}`}
          onClick={() => onRemove(person)}
        >
          <Avatar id={person.user_id} name={person.display_name} url={person.avatar_url} size={24} />
          <span className="one-line" dir="auto">
            {person.display_name}
          </span>
          <Icon name="close" size={14} />
        </button>
      ))}
      {children}
    </div>
  );
}
