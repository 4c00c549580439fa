import type { Message } from '@parley/protocol';
import { expect, test } from 'vitest';
import type { MissedChanges } from '../messaging/ports.ts';
import { Missed } from './missed.ts';

const sent = (version: number) =>
  ({
    type: 'new_message',
    conversation_id: 'c',
    version,
    message: { id: `m${version}` } as Message,
  }) as const;

const missed = (changes: Pick<MissedChanges, 'changes' | 'gone' | 'shownAt'>) =>
  new Missed({ conversationId: 'c', upTo: 4, participantCount: 2, joined: [], ...changes }, []);

test('what became so after somebody went is hidden from them, though their going is beyond what was read', () => {
  const { changes } = missed({
    changes: [sent(2), sent(3), sent(4)],
    gone: [
      { userId: 'eve', version: 500 },
      { userId: 'late', version: 900 },
    ],
    shownAt: new Map([
      [2, 700],
      [3, 400],
    ]),
  });
  expect(changes.get(2)?.hiddenFrom).toEqual(new Set(['eve']));
  expect([changes.get(3)?.hiddenFrom, changes.get(4)?.hiddenFrom]).toEqual([undefined, undefined]);
});

test('those who go among what was read see nothing of what became so later either', () => {
  const { changes } = missed({
    changes: [
      sent(2),
      { type: 'participant_removed', conversation_id: 'c', version: 3, user_id: 'eve', participant_count: 2 },
    ],
    gone: [],
    shownAt: new Map([[2, 4]]),
  });
  expect(changes.get(2)?.hiddenFrom).toEqual(new Set(['eve']));
});
