import type { AppRole } from '@parley/protocol';

/** A person, as their verified token describes them. */
export interface UserActor {
  readonly kind: 'user';
  readonly userId: string;
  readonly displayName: string;
  readonly avatarUrl: string | null;
  readonly appRole: AppRole;
}

/** The host application's backend, by a service key: the system itself. It is in no conversation and may act in all. */
export interface ServiceActor {
  readonly kind: 'service';
  readonly userId: typeof systemUserId;
  readonly displayName: 'System';
}

export type Actor = UserActor | ServiceActor;

/** The sender of system messages. A token whose `sub` is this is refused, so nobody else can bear it. */
export const systemUserId = 'system';

export const serviceActor: ServiceActor = {
  kind: 'service',
  userId: systemUserId,
  displayName: 'System',
};
