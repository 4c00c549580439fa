import type { Conversation } from '@parley/client';
import { useParley } from '@parley/react';
import { useToasts } from '../ui/toast.tsx';

/** Archives a conversation for everybody in it, or takes it back. */
export function useArchive({ id }: Pick<Conversation, 'id'>): (archived: boolean) => void {
  const parley = useParley();
  const { say, fail } = useToasts();
  const archive = async (archived: boolean): Promise<void> => {
    try {
      await parley.conversation(id).update({ is_archived: archived });
      if (archived) say('Archived for everyone in it', () => void archive(false));
      else say('Back among the conversations');
    } catch (error) {
      fail(error);
    }
  };
  return (archived) => void archive(archived);
}
