import { expect, it } from 'vitest';
import type { Participant, ParticipantRole } from '@parley/client';
import { findMembers, sortMembers } from './order.ts';
import { memberOf } from './member.fixture.ts';

const person = (id: string, name: string, role: ParticipantRole = 'participant'): Participant =>
  memberOf(id, { display_name: name, role });

const members = [
  person('z', 'Zoë'),
  person('m', 'Mo', 'moderator'),
  person('a', 'Ann', 'admin'),
  person('b', 'bob'),
  person('me', 'Yan'),
];
const ids = (list: readonly Participant[]): string => list.map((each) => each.user_id).join(' ');

it('shows oneself, then who leads, then the others by name', () => {
  expect(ids(sortMembers(members, 'me', false))).toBe('me a m b z');
});

it('keeps the order of coming while more people are to come', () => {
  expect(ids(sortMembers(members, 'me', true))).toBe('me a m z b');
});

it('finds by name and by id', () => {
  expect(ids(findMembers(members, 'zoe'))).toBe('z');
  expect(ids(findMembers(members, ' B '))).toBe('b');
});
