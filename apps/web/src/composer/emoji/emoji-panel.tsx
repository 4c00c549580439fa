import { EmojiPicker, type EmojiData, type EmojiPickerListEmojiProps } from 'frimousse';
import { useState, type ComponentProps, type ReactNode } from 'react';
import { usePortalRoot } from '../../ui/portal.tsx';
import { useDrafts } from '../draft.ts';
import { isDrawnHere, unpack, withTone, type Tone } from './emoji-data.ts';
import { keepHabits, readHabits, used } from './recent.ts';
import { TonePicker } from './tone-picker.tsx';

/** Made when the app was built: nothing is asked of other servers. */
const load = async (): Promise<EmojiData> =>
  unpack((await import('virtual:emoji-data')).default, isDrawnHere);
let data: Promise<EmojiData> | null = null;
const readData = (): Promise<EmojiData> => {
  data ??= load();
  // Without a connection; asked for again next time.
  data.catch(() => (data = null));
  return data;
};

/** Search, what was used last, all there are, and the skin tone. */
export function EmojiPanel({ onEmoji }: { readonly onEmoji: (emoji: string) => void }): ReactNode {
  const { shelf } = useDrafts();
  const columns = (usePortalRoot()?.clientWidth ?? 0) < 360 ? 6 : 7;
  const [{ tone, recent }, setHabits] = useState(() => readHabits(shelf));
  const [search, setSearch] = useState('');
  const choose = (emoji: string) => {
    keepHabits(shelf, { tone, recent: used(recent, emoji) });
    onEmoji(emoji);
  };
  const setTone = (next: Tone) => {
    setHabits({ tone: next, recent });
    keepHabits(shelf, { tone: next, recent });
  };
  return (
    <EmojiPicker.Root
      className={columns === 7 ? 'emoji-picker' : 'emoji-picker emoji-picker-narrow'}
      columns={columns}
      skinTone={tone}
      resolveEmojiData={readData}
      onEmojiSelect={({ emoji }) => choose(emoji)}
    >
      <div className="emoji-top">
        <EmojiPicker.Search
          className="emoji-search"
          aria-label="Search emoji"
          placeholder="Search emoji"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <TonePicker sample={(each) => withTone('👋', each)} tone={tone} onTone={setTone} />
      </div>
      {recent.length > 0 && search === '' && (
        <div className="emoji-recent" role="group" aria-label="Used recently">
          {recent.slice(0, columns).map((emoji) => (
            <button key={emoji} type="button" className="emoji" onClick={() => choose(emoji)}>
              {emoji}
            </button>
          ))}
        </div>
      )}
      <EmojiPicker.Viewport className="emoji-viewport" dir="ltr">
        <EmojiPicker.Loading className="emoji-message">Loading…</EmojiPicker.Loading>
        <EmojiPicker.Empty className="emoji-message">No emoji found.</EmojiPicker.Empty>
        <EmojiPicker.List
          className="emoji-list"
          aria-label="Emoji"
          components={{ CategoryHeader, Row, Emoji }}
        />
      </EmojiPicker.Viewport>
    </EmojiPicker.Root>
  );
}

type HeaderProps = ComponentProps<'div'> & { readonly category: { readonly label: string } };

const CategoryHeader = ({ category, ...rest }: HeaderProps): ReactNode => (
  <div className="emoji-category" {...rest}>
    {category.label}
  </div>
);

/** ARIA counts rows and columns from 1, the library from 0. */
const fromOne = (index: number | undefined): number | undefined =>
  index === undefined ? undefined : index + 1;

const Row = (props: ComponentProps<'div'>): ReactNode => (
  <div className="emoji-row" {...props} aria-rowindex={fromOne(props['aria-rowindex'])} />
);

type EmojiProps = EmojiPickerListEmojiProps & Pick<ComponentProps<'button'>, 'aria-colindex'>;

const Emoji = ({ emoji, ...rest }: EmojiProps): ReactNode => (
  <button type="button" className="emoji" {...rest} aria-colindex={fromOne(rest['aria-colindex'])}>
    {emoji.emoji}
  </button>
);
