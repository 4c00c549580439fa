import { expect, test } from 'vitest';
import type { AnyMessage, ConversationState, FailedMessage, Participant } from '@parley/client';
import { standingOf } from './standing.ts';
import { memberOf } from '../members/member.fixture.ts';

const person = (id: string, isMuted = false): Participant => memberOf(id, { is_muted: isMuted });

type Facts = Pick<ConversationState, 'access' | 'participants' | 'messages' | 'error'>;
const state = (change: Partial<Facts>): Facts => ({
  access: 'member',
  messages: [],
  participants: [person('ann'), person('bob', true)],
  error: null,
  ...change,
});

const refused = (code: FailedMessage['error']['code']): AnyMessage => ({
  key: 'k',
  id: 'k',
  client_id: 'k',
  conversation_id: 'c',
  seq: null,
  sender_id: 'cara',
  content: 'Hello',
  message_type: 'text',
  reply_to_id: null,
  metadata: {},
  created_at: '2026-01-01T00:00:00.000Z',
  status: 'failed',
  error: { code, message: '' },
});

test('members may write, unless they are muted', () => {
  expect(standingOf(state({}), 'ann')).toBe('may-write');
  expect(standingOf(state({}), 'bob')).toBe('muted');
});

test('where one is no longer there is nothing to write, muted or not', () => {
  expect(standingOf(state({ access: 'removed' }), 'bob')).toBe('gone');
  expect(standingOf(state({ access: 'deleted' }), 'ann')).toBe('gone');
});

test('in a conversation too large to know everybody, the refusal tells that one is muted', () => {
  expect(standingOf(state({ messages: [refused('muted')] }), 'cara')).toBe('muted');
  expect(standingOf(state({ messages: [refused('validation_failed')] }), 'cara')).toBe('may-write');
  // Of Ann it is known: an old refusal does not outlive the mute.
  expect(standingOf(state({ messages: [{ ...refused('muted'), sender_id: 'ann' }] }), 'ann')).toBe(
    'may-write',
  );
});
