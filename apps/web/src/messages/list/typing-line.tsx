import type { ReactNode } from 'react';
import { useTyping } from '@parley/react';
import { firstName } from '../../conversations/preview.ts';

/** Who is typing, below the messages. Its place is always there, so that nothing moves when it comes and goes. */
export function TypingLine({ id }: { readonly id: string }): ReactNode {
  const { typing, userIds } = useTyping(id);
  const text = sentenceOf(
    typing.map((each) => firstName(each.display_name)),
    userIds.length,
  );
  return (
    <div className="typing-line" aria-hidden={text === ''}>
      {text !== '' && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span className="one-line" dir="auto">
            {text}
          </span>
        </>
      )}
    </div>
  );
}

function sentenceOf([first, second]: readonly string[], count: number): string {
  if (count === 0) return '';
  if (count > 2 || first === undefined)
    return count === 1 ? 'Somebody is typing…' : 'Several people are typing…';
  return second === undefined ? `${first} is typing…` : `${first} and ${second} are typing…`;
}
