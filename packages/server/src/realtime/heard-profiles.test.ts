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

/** Somebody else's entrance; they alone are told who is there. */
function entered(id: string, name: string) {
  const conversation = { participants: [bob(name)] };
  const participant = { user_id: 'eve', display_name: 'Eve', avatar_url: null };
  const frame = { type: 'participant_added', conversation_id: id, version: 2, participant };
  return {
    audience: { kind: 'conversation', conversationId: id },
    frame: frame as unknown as ServerFrames['participant_added'],
    personal: {
      userId: 'eve',
      frame: { ...frame, conversation } as unknown as ServerFrames['participant_added'],
    },
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
    for (const event of events) {
      if ('version' in event.frame) heard.noteShown({ ...event, frame: event.frame }, false);
      else heard.note(event);
    }
    expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual(['new']);
    heard.note(renamed('Robert', 'new'));
    expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual([]);
  },
);

test('one that opens with the new name has heard it', () => {
  const heard = new HeardProfiles();
  heard.note(renamed('Robert', 'old'));
  expect(heard.noteShown(opened('new', 'Robert'), false)).toBe(false);
  expect(heard.untold(bob('Robert'), ['old', 'new'])).toEqual([]);
});

test('a former name that comes after the new one is a reason to look at once', () => {
  const heard = new HeardProfiles();
  expect(heard.noteShown(opened('old', 'Bob'), false)).toBe(false);
  heard.note(renamed('Robert', 'old'));
  expect(heard.noteShown(opened('new', 'Bob'), false)).toBe(true);
});

test('what a newcomer alone is shown the others have not heard', () => {
  const heard = new HeardProfiles();
  heard.note(renamed('Bob', 'old'));
  expect(heard.noteShown(entered('old', 'Robert'), false)).toBe(true);
  expect(heard.untold(bob('Robert'), ['old'])).toEqual(['old']);
  heard.note(renamed('Robert', 'old'));
  expect(heard.untold(bob('Robert'), ['old'])).toEqual([]);
});

test('a newcomer who is shown a former name has yet to hear the new one', () => {
  const heard = new HeardProfiles();
  heard.note(renamed('Robert', 'old'));
  expect(heard.noteShown(entered('old', 'Bob'), false)).toBe(true);
  expect(heard.untold(bob('Robert'), ['old'])).toEqual(['old']);
});

test('so has one who was behind, and is given what the others had before the new name', () => {
  const heard = new HeardProfiles();
  heard.noteShown(opened('old', 'Bob'), false);
  heard.note(renamed('Robert', 'old'));
  expect(heard.noteShown(opened('old', 'Bob'), true)).toBe(true);
  expect(heard.untold(bob('Robert'), ['old'])).toEqual(['old']);
});
