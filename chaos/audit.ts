/** What the database itself says: the third witness. It keeps its own notes beside the product's tables. */
import pg from 'pg';

export interface Truth {
  readonly conversations: readonly {
    readonly id: string;
    readonly lastSeq: number;
    readonly version: number;
    readonly participantCount: number;
    readonly isDeleted: boolean;
  }[];
  /** By conversation and `seq`. */
  readonly messages: readonly TrueMessage[];
  /** Present ones, of conversations that are not deleted. */
  readonly participants: readonly {
    readonly conversationId: string;
    readonly userId: string;
    readonly joinedSeq: number;
    readonly lastReadSeq: number;
  }[];
  /** By version. */
  readonly memberships: readonly {
    readonly conversationId: string;
    readonly userId: string;
    readonly version: number;
    readonly isIn: boolean;
  }[];
  readonly deletions: readonly { readonly conversationId: string; readonly version: number }[];
  /** What people set themselves. */
  readonly statuses: ReadonlyMap<string, string>;
}

export interface TrueMessage {
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly senderId: string;
  readonly clientId: string | null;
  readonly content: string;
  readonly isDeleted: boolean;
}

const notes = `
  create schema chaos;
  create table chaos.memberships (
    id bigint generated always as identity primary key,
    conversation_id uuid not null, user_id text not null, version bigint not null, is_in boolean not null
  );
  create table chaos.deletions (conversation_id uuid not null, version bigint not null);

  create function chaos.note_membership() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' or (old.left_at is null) <> (new.left_at is null) then
      insert into chaos.memberships (conversation_id, user_id, version, is_in)
      values (new.conversation_id, new.user_id, new.version, new.left_at is null);
    end if;
    return null;
  end $$;
  create trigger chaos_membership after insert or update on parley.conversation_participants
    for each row execute function chaos.note_membership();

  create function chaos.note_deletion() returns trigger language plpgsql as $$
  begin
    if new.is_deleted and not old.is_deleted then
      insert into chaos.deletions (conversation_id, version) values (new.id, new.version);
    end if;
    return null;
  end $$;
  create trigger chaos_deletion after update on parley.conversations
    for each row execute function chaos.note_deletion();`;

/** From now on each change of a membership is noted with its version. */
export const takeNotes = (url: string): Promise<void> =>
  withClient(url, async (client) => void (await client.query(notes)));

export const readTruth = (url: string): Promise<Truth> =>
  withClient(url, async (client): Promise<Truth> => {
    const rows = async <T>(sql: string): Promise<T[]> => (await client.query(sql)).rows;
    const statuses = await rows<{ user_id: string; status: string }>(
      'select user_id, status from parley.user_status',
    );
    return {
      conversations: await rows(
        `select id, last_seq::int as "lastSeq", version::int, participant_count as "participantCount",
           is_deleted as "isDeleted" from parley.conversations`,
      ),
      messages: await rows(
        `select id, conversation_id as "conversationId", seq::int, sender_id as "senderId", client_id as "clientId",
           case when is_deleted then '' else content end as content, is_deleted as "isDeleted"
         from parley.messages order by conversation_id, seq`,
      ),
      participants: await rows(
        `select p.conversation_id as "conversationId", p.user_id as "userId", p.joined_seq::int as "joinedSeq",
           p.last_read_seq::int as "lastReadSeq"
         from parley.conversation_participants p
         join parley.conversations c on c.id = p.conversation_id and not c.is_deleted
         where p.left_at is null`,
      ),
      memberships: await rows(
        `select conversation_id as "conversationId", user_id as "userId", version::int, is_in as "isIn"
         from chaos.memberships order by conversation_id, user_id, version, id`,
      ),
      deletions: await rows('select conversation_id as "conversationId", version::int from chaos.deletions'),
      statuses: new Map(statuses.map(({ user_id, status }) => [user_id, status])),
    };
  });

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
