import { useCallback, useSyncExternalStore } from 'react';
import { useParley } from '@parley/react';
import { useAccount } from '../shell/account-context.ts';
import { draftsOf, type Draft, type DraftChange, type Drafts } from './drafts.ts';

export type { Draft, DraftChange } from './drafts.ts';

export const useDrafts = (): Drafts => draftsOf(useParley(), useAccount().server);

/** The draft of a conversation, and how to change parts of it. The list of messages begins replies and edits by it. */
export function useDraft(id: string): readonly [draft: Draft, change: (change: DraftChange) => void] {
  const drafts = useDrafts();
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.of(id));
  return [draft, useCallback((change: DraftChange) => drafts.change(id, change), [drafts, id])];
}

/** To change a draft without rendering again when it changes. */
export function useChangeDraft(id: string): (change: DraftChange) => void {
  const drafts = useDrafts();
  return useCallback((change: DraftChange) => drafts.change(id, change), [drafts, id]);
}

/** What was written in a conversation and not sent; empty if nothing was. */
export function useDraftText(id: string): string {
  const drafts = useDrafts();
  return useSyncExternalStore(drafts.subscribe, () => drafts.of(id).text.trim());
}
