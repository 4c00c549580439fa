import { flushSync } from 'react-dom';
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { isPressed } from '../shell/shortcut-keys.ts';
import { useIsOffline } from '../shell/use-online.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icons.tsx';
import { PersonChips } from './person-chips.tsx';
import { suggest, useKnownPeople, type Person } from './people.ts';

interface PeoplePickerProps {
  readonly chosen: readonly Person[];
  readonly onChange: (chosen: readonly Person[]) => void;
  /** Ids of people who can't be chosen, such as oneself. */
  readonly except: ReadonlySet<string>;
}

/** Suggestions that are shown; more are found by typing. */
const maxShown = 60;

/** A field that finds people, and those who were chosen, as a combobox with its list always open below. */
export function PeoplePicker({ chosen, onChange, except }: PeoplePickerProps): ReactNode {
  const id = useId();
  const known = useKnownPeople();
  const isOffline = useIsOffline();
  const [query, setQuery] = useState('');
  const [moved, setMoved] = useState<number | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const hidden = new Set([...except, ...chosen.map((each) => each.user_id)]);
  const options = known === null ? [] : suggest(known, query, hidden, !isOffline).slice(0, maxShown);
  const active = Math.min(moved ?? (query.trim() === '' ? -1 : 0), options.length - 1);
  const activeId = active < 0 ? undefined : `${id}-${active}`;
  const search = (text: string): void => {
    setQuery(text);
    setMoved(null);
  };
  const choose = (person: Person | undefined): void => {
    if (person === undefined) return;
    onChange([...chosen, person]);
    search('');
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    // What the form does about it is with whom was being chosen, too.
    if (isPressed('Mod+Enter', event.nativeEvent)) return flushSync(() => choose(options[active]));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && options.length > 0)
      setMoved(
        active < 0 && step < 0 ? options.length - 1 : (active + step + options.length) % options.length,
      );
    else if (event.key === 'Enter' && active >= 0) choose(options[active]);
    else if (event.key === 'Backspace' && query === '') return onChange(chosen.slice(0, -1));
    else return;
    event.preventDefault();
  };
  return (
    <div className="picker">
      <label htmlFor={id}>People</label>
      <PersonChips
        people={chosen}
        onRemove={(person) => {
          onChange(chosen.filter((each) => each !== person));
          input.current?.focus();
        }}
      >
        <input
          ref={input}
          id={id}
          className="picker-input"
          role="combobox"
          data-autofocus
          aria-autocomplete="list"
          aria-expanded={options.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={activeId}
          autoComplete="off"
          spellCheck={false}
          dir={query === '' ? undefined : 'auto'}
          placeholder={chosen.length === 0 ? 'Name or user id' : ''}
          value={query}
          onChange={(event) => search(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </PersonChips>
      <Options id={id} options={options} active={active} known={known} onChoose={choose} />
      {known !== null && (
        <p className="picker-note" role="status">
          {noteOf(isOffline, options.length, query.trim())}
        </p>
      )}
    </div>
  );
}

/** Why there are no more suggestions than these. */
function noteOf(isOffline: boolean, count: number, query: string): string {
  if (isOffline) return 'You are offline: only people you already talk to are found.';
  if (count > 0) return '';
  return query === '' ? 'Type the user id of somebody to talk to.' : 'Nobody is called that.';
}

interface OptionsProps {
  readonly id: string;
  readonly options: readonly Person[];
  readonly active: number;
  readonly known: readonly Person[] | null;
  readonly onChoose: (person: Person) => void;
}

function Options({ id, options, active, known, onChoose }: OptionsProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active >= 0) list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div className="picker-list" ref={list} id={`${id}-list`} role="listbox" aria-label="Suggestions">
      {options.map((person, index) => (
        <div
          key={person.user_id}
          id={`${id}-${index}`}
          className="picker-option"
          role="option"
          aria-selected={index === active}
          tabIndex={-1}
          // The focus stays in the field.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(person)}
        >
          {known?.includes(person) === true ? (
            <>
              <Avatar id={person.user_id} name={person.display_name} url={person.avatar_url} size={32} />
              <span className="picker-name one-line" dir="auto">
                {person.display_name}
              </span>
              {person.display_name !== person.user_id && (
                <span className="picker-id one-line">{person.user_id}</span>
              )}
            </>
          ) : (
            <>
              <span className="picker-unknown">
                <Icon name="add" />
              </span>
              <span className="picker-name one-line">
                Use “<bdi>{person.user_id}</bdi>” as a user id
              </span>
            </>
          )}
        </div>
      ))}
    </div>
  );
}
