import { createContext, useContext } from 'react';

/** What all rows of a list have in common. */
export interface TimelineContext {
  readonly conversationId: string;
  /** Whether names and pictures stand beside messages: in groups. */
  readonly showsAuthors: boolean;
  /** Not for those who are muted. */
  readonly mayWrite: boolean;
  /** Leads to another message. */
  readonly jump: (messageId: string) => void;
}

const Context = createContext<TimelineContext | null>(null);
export const TimelineProvider = Context.Provider;

export function useTimeline(): TimelineContext {
  const timeline = useContext(Context);
  if (timeline === null) throw new Error('There is no timeline around this component');
  return timeline;
}
