import type { ServerFrames } from '@parley/protocol';
import { expect, test } from 'vitest';
import { HeardProfiles } from './heard-profiles.ts';

const bob = (display_name: string) => ({ user_id: 'bob', display_name, avatar_url: null });

const renamed = (name: string, ...conversationIds: string[]) =>
  ({
    audience: { kind: 'conversations', conversationIds },
    frame: { type: 'user_updated', ...bob(name) },
  }) as const;

/** Opened by people among whom is one of this name. */
function opened(id: string, name: string) {
  const conversation = { participants: [bob(name)] };
  const frame = { type: 'conversation_created', conversation_id: id, version: 1, conversation };
  return {
    audience: { kind: 'conversation', conversationId: id },
    frame: frame as unknown as ServerFrames['conversation_created'],
  } as const;
}

test('a name is told once, in each conversation that an event of it was for', () => {
  const heard = new HeardProfiles();
  expect(heard.untold(bob('Robert'), ['a', 'b'])).toEqual(['a', 'b']);
  heard.note(renamed('Robert', 'a', 'b'));
  expect(heard.untold(bob('Robert'), ['a', 'b'])).toEqual([]);
  expect(heard.untold(bob('Bob'), ['a', 'b'])).toEqual(['a', 'b']);
});

test.each([
  ['before', [opened('new', 'Bob'), renamed('Robert', 'old')]],
  ['after', [renamed('Robert', 'old'), opened('new', 'Bob')]],
])(
  'a conversation that opens with a former name just %s the new one is told has yet to hear it',
  (_when, events) => {
    const heard = new HeardProfiles();
    for (const event of events) heard.note(event);
    expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual(['new']);
    heard.note(renamed('Robert', 'new'));
    expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual([]);
  },
);

test('one that opens with the new name has heard it', () => {
  const heard = new HeardProfiles();
  heard.note(renamed('Robert', 'old'));
  expect(heard.note(opened('new', 'Robert'))).toBe(false);
  expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual([]);
});

test('a former name that comes after the new one is a reason to look at once', () => {
  const heard = new HeardProfiles();
  expect(heard.note(opened('old', 'Bob'))).toBe(false);
  heard.note(renamed('Robert', 'old'));
  expect(heard.note(opened('new', 'Bob'))).toBe(true);
});
