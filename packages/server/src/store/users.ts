import type { Profile, UserStatusType } from '@parley/protocol';
import type { UserActor } from '../messaging/actor.ts';
import type { PeopleStore, ProfileStore, StatusStore } from '../messaging/ports.ts';
import { Batcher } from './batcher.ts';
import type { Database } from './database.ts';

interface Told {
  readonly user: UserActor;
  readonly issuedAt: number;
}

const sameProfile =
  '(u.display_name, u.avatar_url, u.app_role) is not distinct from (t.display_name, t.avatar_url, t.app_role)';

const newsStatement = `
  with told as materialized (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) with ordinality
      as t (id, display_name, avatar_url, app_role, issued_at, ord)
  ), newer as materialized (
    select t.* from told t
    join lateral (
      select u.profile_issued_at from parley.users u
      where u.id = t.id and ${sameProfile} and u.profile_issued_at < t.issued_at offset 0 for no key update
    ) u on true
  ), kept as (
    update parley.users u set profile_issued_at = t.issued_at
    from newer t where u.id = t.id and ${sameProfile} and u.profile_issued_at < t.issued_at
    returning t.ord
  )
  select ord from kept
  union all
  select t.ord from told t
  join lateral (select * from parley.users u where u.id = t.id offset 0) u on true
  where u.profile_issued_at > t.issued_at or u.profile_issued_at = t.issued_at and ${sameProfile}`;

/** Names and avatars as tokens tell them, and what people set as their status. */
export class PostgresUsers implements ProfileStore, StatusStore, PeopleStore {
  readonly #db: Database;

  /**
   * Whether a token tells anything that is not kept, but for its being newer, which is then kept: for all who come at the
   * same time at once.
   */
  readonly #isNews: Batcher<Told, boolean>;

  constructor(db: Database) {
    this.#db = db;
    this.#isNews = new Batcher({
      run: (told) => this.#findNews(told),
      keyOf: ({ user }) => user.userId,
      isFair: true,
      maxBatch: 200,
      inFlight: 1,
      // A statement costs as much as some ten of its rows.
      paceMs: 4,
      maxQueue: 50_000,
    });
  }

  async saveProfile(user: UserActor, issuedAt: number): Promise<boolean> {
    if (!(await this.#isNews.add({ user, issuedAt }))) return false;
    const rows = await this.#db.query<{ changed: boolean }>(
      'select parley.save_profile($1, $2, $3, $4, $5) as changed',
      [user.userId, user.displayName, user.avatarUrl, user.appRole, issuedAt],
    );
    return rows[0]?.changed === true;
  }

  async readStatuses(userIds: readonly string[]) {
    const rows = await this.#db.query<{
      user_id: string;
      status: UserStatusType;
      last_seen_at: string | null;
    }>('select user_id, status, last_seen_at from parley.user_status where user_id = any ($1)', [userIds]);
    return new Map(rows.map((row) => [row.user_id, { status: row.status, lastSeenAt: row.last_seen_at }]));
  }

  async saveStatus(userId: string, status: UserStatusType): Promise<void> {
    await this.#db.query(
      `insert into parley.user_status (user_id, status) values ($1, $2)
       on conflict (user_id) do update set status = excluded.status, updated_at = now()`,
      [userId, status],
    );
  }

  async saveLastSeen(seen: readonly { readonly userId: string; readonly at: string }[]): Promise<void> {
    await this.#db.query(
      // In one order, so that two nodes that save the same people do not wait for each other.
      `insert into parley.user_status as s (user_id, last_seen_at)
       select * from unnest($1::text[], $2::timestamptz[]) as i (user_id, at) order by i.user_id
       on conflict (user_id) do update set last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at)`,
      [seen.map(({ userId }) => userId), seen.map(({ at }) => at)],
    );
  }

  async acquaintances(viewerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#db.query<{ user_id: string }>(
      // From the viewer's side: what it costs grows with the conversations of one person, not of a hundred.
      `with mine as materialized (
         select p.conversation_id
         from parley.conversation_participants p
         join parley.conversations c on c.id = p.conversation_id and not c.is_deleted
         where p.user_id = $1 and p.left_at is null
       )
       select distinct theirs.user_id
       from parley.conversation_participants theirs
       join mine on mine.conversation_id = theirs.conversation_id
       where theirs.user_id = any ($2) and theirs.left_at is null
       union
       select $1 where $1 = any ($2)`,
      [viewerId, userIds],
    );
    return new Set(rows.map((row) => row.user_id));
  }

  /** Reads everybody, as no index has this order: for demo mode, where there are few. */
  async recentPeople(limit: number): Promise<Profile[]> {
    return this.#db.query<Profile>(
      // A newer token is a newer sign-in; who is connected now has no later moment than that.
      `select u.id as user_id, u.display_name, u.avatar_url
       from parley.users u
       left join parley.user_status s on s.user_id = u.id
       order by greatest(to_timestamp(u.profile_issued_at), s.last_seen_at) desc, u.id
       limit $1`,
      [limit],
    );
  }

  async #findNews(told: readonly Told[]): Promise<boolean[]> {
    // In one order, so that two nodes that are told of the same people do not wait for each other.
    const places = [...told.keys()].sort((a, b) => compare(idAt(told, a), idAt(told, b)));
    const sorted = places.flatMap((place) => told[place] ?? []);
    const rows = await this.#db.query<{ ord: number }>(newsStatement, [
      sorted.map(({ user }) => user.userId),
      sorted.map(({ user }) => user.displayName),
      sorted.map(({ user }) => user.avatarUrl),
      sorted.map(({ user }) => user.appRole),
      sorted.map(({ issuedAt }) => issuedAt),
    ]);
    const known = new Set(rows.map(({ ord }) => places[ord - 1]));
    return told.map((_, place) => !known.has(place));
  }
}

const idAt = (told: readonly Told[], place: number): string => told[place]?.user.userId ?? '';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
