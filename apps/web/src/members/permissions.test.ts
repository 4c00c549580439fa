import { describe, expect, it } from 'vitest';
import type { Participant, ParticipantRole } from '@parley/client';
// The rules themselves, so that the app shows what the server allows, and nothing else.
import { refuse, type Action } from '../../../../packages/server/src/messaging/permissions.ts';
import { rightsIn } from '../conversations/permissions.ts';
import { isLastAdmin, rightsOver } from './permissions.ts';
import { memberOf } from './member.fixture.ts';

const roles: readonly ParticipantRole[] = ['admin', 'moderator', 'participant'];

const may = (action: Action, role: ParticipantRole, targetRole?: ParticipantRole): boolean =>
  refuse(
    action,
    { kind: 'user', userId: 'ann', displayName: 'Ann', avatarUrl: null, appRole: 'student' },
    { membership: { role, isMuted: true }, ...(targetRole && { targetRole }) },
  ) === null;

const person = (userId: string, role: ParticipantRole): Participant => memberOf(userId, { role });

const other = { isSelf: false, isLastAdmin: false };

describe.each(roles)('a group for its %s', (role) => {
  it('shows what the server allows of the whole', () => {
    expect(rightsIn({ type: 'group', my_role: role })).toEqual({
      rename: may('conversation.update', role),
      archive: may('conversation.update', role),
      leave: may('participant.leave', role),
      delete: may('conversation.delete', role),
      addPeople: may('participant.add', role),
    });
  });

  it.each(roles)('shows what the server allows towards a %s', (target) => {
    expect(rightsOver(person('bob', target), { type: 'group', my_role: role }, other)).toEqual({
      setRole: may('participant.set_role', role),
      mute: may('participant.mute', role, target),
      remove: may('participant.remove', role, target),
    });
  });
});

it('manages nobody in a direct conversation, which nobody leaves', () => {
  const direct = { type: 'direct', my_role: 'admin' } as const;
  expect(Object.values(rightsOver(person('bob', 'participant'), direct, other))).not.toContain(true);
  expect(rightsIn(direct)).toMatchObject({ leave: false, addPeople: false, rename: false, delete: true });
});

it('keeps the last admin, and lets nobody mute or remove themselves', () => {
  const ann = person('ann', 'admin');
  const group = { type: 'group', my_role: 'admin' } as const;
  expect(isLastAdmin(ann, [ann, person('bob', 'moderator')], true)).toBe(true);
  expect(isLastAdmin(ann, [ann, person('bob', 'admin')], true)).toBe(false);
  expect(isLastAdmin(ann, [ann], false)).toBe(false);
  expect(rightsOver(ann, group, { isSelf: true, isLastAdmin: true })).toEqual({
    setRole: false,
    mute: false,
    remove: false,
  });
  expect(rightsOver(ann, group, { isSelf: true, isLastAdmin: false }).setRole).toBe(true);
});
