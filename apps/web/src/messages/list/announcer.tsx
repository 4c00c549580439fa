import { useEffect, useState, type ReactNode } from 'react';
import type { Message } from '@parley/client';
import { useParley, useUserId } from '@parley/react';
import { plainText } from '../../conversations/preview.ts';
import { isLookedAt } from './use-attention.ts';

/** Milliseconds in which what comes is said together. */
const gatherMs = 1000;
/** Messages that are said in full, and characters of each; of more, their number. */
const maxMessages = 2;
const maxCharacters = 200;

/** Says what others write to whoever looks and can't see: once, and neither what is loaded nor what one writes oneself. */
export function Announcer({ id }: { readonly id: string }): ReactNode {
  const parley = useParley();
  const userId = useUserId();
  const [text, setText] = useState('');
  useEffect(() => {
    let waiting: Message[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const speak = (): void => {
      timer = undefined;
      setText(
        waiting.length > maxMessages ? `${waiting.length} new messages` : waiting.map(sentenceOf).join('\n'),
      );
      waiting = [];
    };
    const stop = parley.on('new_message', ({ message }) => {
      if (message.conversation_id !== id || message.sender_id === userId || !isLookedAt()) return;
      waiting.push(message);
      timer ??= setTimeout(speak, gatherMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [parley, id, userId]);
  return (
    <div className="hidden-text" role="status">
      {text}
    </div>
  );
}

const sentenceOf = ({ sender_name: name, content }: Message): string =>
  `${name}: ${plainText(content).slice(0, maxCharacters)}`;
