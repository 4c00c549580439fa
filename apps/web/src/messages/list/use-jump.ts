import { useCallback, useEffect, useRef, useState } from 'react';
import { useParley } from '@parley/react';
import { useToasts } from '../../ui/toast.tsx';
import type { Place } from './use-place.ts';

interface Jump {
  /** The message to which somebody was just led. */
  readonly markedId: string | null;
  readonly jump: (messageId: string) => void;
  readonly toFirst: () => void;
  readonly toNewest: () => void;
}

/** Milliseconds for which a message that was jumped to stands out. */
const markedMs = 2200;

/** Ways through a conversation, however far they lead. */
export function useJump(id: string, place: Place): Jump {
  const conversation = useParley().conversation(id);
  const { say, fail } = useToasts();
  const { aim, show } = place;
  const [markedId, setMarkedId] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const mark = useCallback((messageId: string) => {
    clearTimeout(timer.current);
    setMarkedId(messageId);
    timer.current = setTimeout(() => setMarkedId(null), markedMs);
  }, []);

  const jump = useCallback(
    (messageId: string): void => {
      const target = { messageId };
      const lead = async (): Promise<void> => {
        if (!show(target)) {
          // The list may be drawn anew before this goes on, or keep its rows: either leads there.
          aim(target);
          if (!(await conversation.jumpTo(messageId))) return say('That message is not there any more.');
          show(target);
        }
        mark(messageId);
      };
      void lead().catch(fail);
    },
    [conversation, aim, show, mark, say, fail],
  );

  const toFirst = useCallback((): void => {
    const lead = async (): Promise<void> => {
      await conversation.loadAround(1);
      const first = conversation.messages.find((message) => message.seq !== null);
      if (first !== undefined) show({ messageId: first.id });
    };
    void lead().catch(fail);
  }, [conversation, show, fail]);

  const toNewest = useCallback((): void => {
    const lead = async (): Promise<void> => {
      if (conversation.getSnapshot().hasNewer) await conversation.loadLatest();
      show('end');
    };
    void lead().catch(fail);
  }, [conversation, show, fail]);

  return { markedId, jump, toFirst, toNewest };
}
