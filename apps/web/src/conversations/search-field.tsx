import { useRef, type ReactNode } from 'react';
import { useShortcut } from '../shell/shortcuts.tsx';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';

interface SearchFieldProps {
  /** What it searches: its name, and what it says while it is empty. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (query: string) => void;
  /** Enter. */
  readonly onSubmit?: () => void;
}

/** A field that narrows a list down. Escape empties it. */
export function SearchField({ label, value, onChange, onSubmit }: SearchFieldProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  useShortcut({ keys: 'Mod+K', label: 'Search conversations', group: 'Conversations' }, () =>
    input.current?.select(),
  );
  const clear = (): void => {
    onChange('');
    input.current?.focus();
  };
  return (
    <div className="search-field" role="search" aria-label={label}>
      <Icon name="search" />
      <input
        ref={input}
        // Not `search`: browsers add a button of their own to that.
        type="text"
        inputMode="search"
        enterKeyHint="search"
        dir={value === '' ? undefined : 'auto'}
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) onSubmit?.();
          if (event.key !== 'Escape' || value === '') return;
          event.stopPropagation();
          clear();
        }}
      />
      {value !== '' && <IconButton icon="close" label="Clear search" onClick={clear} />}
    </div>
  );
}
