import { memo, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import type { Token } from 'marked';
import { MarkdownParts } from './markdown-view.tsx';
import { isEmojiAlone, parseMarkdown } from './markdown.ts';

const cache = new Map<string, readonly Token[] | null>();
/** Texts whose parts are kept: more than are ever in view. */
const maxCached = 500;

function partsOf(content: string): readonly Token[] | null {
  const held = cache.get(content);
  if (held !== undefined) return held;
  const parts = parseMarkdown(content);
  if (cache.size >= maxCached) cache.delete(cache.keys().next().value ?? '');
  cache.set(content, parts);
  return parts;
}

/** What somebody wrote, with its Markdown; long texts folded. */
export const MessageText = memo(({ content }: { readonly content: string }): ReactNode => {
  const parts = partsOf(content);
  if (isEmojiAlone(content)) return <p className="bubble-emoji">{content}</p>;
  const text =
    parts === null ? (
      <p className="markdown markdown-plain" dir="auto">
        {content}
      </p>
    ) : (
      <div className="markdown">
        <MarkdownParts tokens={parts} />
      </div>
    );
  return isLong(content) ? <Folded>{text}</Folded> : text;
});

/** Measuring costs a layout: only what may be too high, even in a narrow window, is measured. */
const isLong = (content: string): boolean => content.length > 600 || content.split('\n', 14).length === 14;

/** Pixels beyond which a text is folded; and by how much it must exceed them for that to be worth it. */
const foldedHeight = 480;
const slack = 120;

function Folded({ children }: { readonly children: ReactNode }): ReactNode {
  const ref = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<'whole' | 'folded' | 'open'>('whole');
  useLayoutEffect(() => {
    const height = ref.current?.getBoundingClientRect().height ?? 0;
    setState((before) => (before === 'open' ? before : height > foldedHeight + slack ? 'folded' : 'whole'));
  }, [children]);
  return (
    <>
      <div ref={ref} className={state === 'folded' ? 'bubble-folded' : 'bubble-text'}>
        {children}
      </div>
      {state !== 'whole' && (
        <button
          type="button"
          className="bubble-more"
          aria-expanded={state === 'open'}
          onClick={() => setState(state === 'open' ? 'folded' : 'open')}
        >
          {state === 'open' ? 'Show less' : 'Show more'}
        </button>
      )}
    </>
  );
}
