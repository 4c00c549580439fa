-- What catching up reads: what changed since a moment, found by what changed and not by what there is.
--
-- A moment is a transaction id below which every transaction had ended. Within a conversation versions are taken under
-- its lock, so the changes that had been committed at that moment are those up to some version: the newest rows are read
-- backwards until one is older.

-- Transaction ids mean something within one line of one database cluster's history. A database that was restored into
-- another, or that goes on from an earlier place, begins a new epoch (see `timeline.ts`), and cursors of the one before
-- are told to begin anew.
create table parley.timeline (
  id boolean primary key default true check (id),
  epoch integer not null default 1,
  system_identifier bigint,
  history_line integer,  -- Postgres' own timeline id: a promoted standby and a point-in-time recovery begin another
  is_foreign boolean not null default true  -- rows may have transaction ids of another cluster, ahead of this one's
);
insert into parley.timeline default values;

-- The block of 512 transactions in which anything of the conversation last changed, receipts and the profiles of its
-- people included. It moves seldom, so that an index on it costs a busy conversation little.
alter table parley.conversations add column activity bigint not null default 0;
create index conversations_activity on parley.conversations (activity);

alter table parley.conversation_participants
  add column joined_version bigint not null default 1,  -- the conversation's version at which they came
  add column joined_xid xid8 not null default '0';
-- For all, as an index for those who are in alone invites plans that read the whole of another such index.
drop index parley.conversation_participants_user;
create index conversation_participants_user on parley.conversation_participants (user_id);
create index conversation_participants_changes on parley.conversation_participants (conversation_id, version);
create index conversation_participants_joined on parley.conversation_participants (joined_xid);
create index conversation_participants_left on parley.conversation_participants (user_id, xid) where left_at is not null;

-- The version at which a message was sent, edited or deleted; a reply to it counts as a change, but not of its content.
alter table parley.messages add column content_version bigint;
update parley.messages set content_version = case when is_edited or is_deleted then version else created_version end;
alter table parley.messages alter column content_version set not null;
create index messages_changes on parley.messages (conversation_id, version) where version > created_version;

create index users_changes on parley.users (xid);

create function parley.activity_at(p_xid bigint) returns bigint
language sql immutable parallel safe
as $$ select p_xid / 512 $$;

create function parley.activity_now() returns bigint
language sql volatile
as $$ select parley.activity_at(pg_current_xact_id()::text::bigint) $$;

-- As in 0002, with `content_version` and `activity`.
create or replace function parley.send_messages(
  p_conversation_id uuid[],
  p_sender_id text[],
  p_trusted boolean[],
  p_id uuid[],
  p_content text[],
  p_message_type text[],
  p_reply_to_id uuid[],
  p_metadata jsonb[],
  p_client_id text[],
  p_request_hash bytea[],
  p_roles text[],
  p_while_muted boolean
) returns table (
  ord bigint,
  outcome text,
  message_id uuid,
  seq bigint,
  version bigint,
  created_at timestamptz,
  reply_to_content text
)
language plpgsql
-- The arrays are short and every table is reached by an index. A plan made while the tables were empty is kept, and
-- would read all of them for each item later: so look-ups are lateral, with `offset 0` to keep them so and with only
-- those conditions inside that one index serves, and updates name the keys of the batch.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_now timestamptz(3);
begin
  perform 1 from parley.conversations c where c.id = any (p_conversation_id) order by c.id for no key update;
  v_now := clock_timestamp();

  return query
  with judged as materialized (
    select
      i.*,
      c.last_seq as base_seq,
      c.version as base_version,
      p.last_read_seq as read_before,
      r.reply_count as replies_before,
      left(r.content, 200) as parent_content,
      r.is_deleted as parent_deleted,
      e.id as earlier_id,
      case
        when c.id is null or c.is_deleted then 'conversation_not_found'
        when not i.trusted and p.user_id is null then 'not_participant'
        when e.id is not null and e.request_hash = i.request_hash then 'replayed'
        when e.id is not null then 'idempotency_conflict'
        when not i.trusted and not p.role = any (p_roles) then 'insufficient_role'
        when not i.trusted and p.is_muted and not p_while_muted then 'muted'
        when i.reply_to_id is not null and r.id is null then 'reply_not_found'
        else 'created'
      end as verdict
    from unnest(
      p_conversation_id, p_sender_id, p_trusted, p_id, p_content, p_message_type,
      p_reply_to_id, p_metadata, p_client_id, p_request_hash
    ) with ordinality as i (
      conversation_id, sender_id, trusted, id, content, message_type,
      reply_to_id, metadata, client_id, request_hash, ord
    )
    left join lateral (
      select * from parley.conversations c where c.id = i.conversation_id offset 0
    ) c on true
    left join lateral (
      select * from parley.conversation_participants p
      where p.conversation_id = i.conversation_id and p.user_id = i.sender_id offset 0
    ) p on p.left_at is null
    left join lateral (
      select * from parley.messages r where r.id = i.reply_to_id offset 0
    ) r on r.conversation_id = i.conversation_id
    left join lateral (
      select e.id, e.conversation_id, e.request_hash from parley.messages e
      where e.sender_id = i.sender_id and e.client_id = i.client_id offset 0
    ) e on e.conversation_id = i.conversation_id
  ),
  numbered as materialized (
    select
      j.*,
      j.base_seq + row_number() over by_conversation as new_seq,
      j.base_version + row_number() over by_conversation as new_version,
      case when j.reply_to_id is not null then j.replies_before + row_number() over by_parent end as new_ordinal
    from judged j
    where j.verdict = 'created'
    window
      by_conversation as (partition by j.conversation_id order by j.ord),
      by_parent as (partition by j.reply_to_id order by j.ord)
  ),
  inserted as (
    insert into parley.messages (
      id, conversation_id, seq, version, created_version, content_version, sender_id, content, message_type,
      reply_to_id, reply_ordinal, metadata, client_id, request_hash, created_at, updated_at
    )
    select
      n.id, n.conversation_id, n.new_seq, n.new_version, n.new_version, n.new_version, n.sender_id, n.content, n.message_type,
      n.reply_to_id, n.new_ordinal, n.metadata, n.client_id, n.request_hash, v_now, v_now
    from numbered n
  ),
  counted as (
    update parley.conversations c
    set last_seq = n.last_seq, version = n.last_version, last_message_at = v_now, xid = pg_current_xact_id(),
        activity = greatest(c.activity, parley.activity_now())
    from (
      select n.conversation_id, max(n.new_seq) as last_seq, max(n.new_version) as last_version
      from numbered n group by n.conversation_id order by n.conversation_id
    ) n
    where c.id = n.conversation_id and c.id = any (p_conversation_id)
  ),
  last_sent as materialized (
    select
      n.conversation_id, n.sender_id, max(n.new_seq) as seq, count(*) as own, min(n.read_before) as read_before
    from numbered n
    where not n.trusted
    group by n.conversation_id, n.sender_id
  ),
  -- Sending reads everything before it. That is a move to be logged only where something of others' was unread.
  read_by_sending as (
    update parley.conversation_participants p
    set last_read_seq = s.seq, last_delivered_seq = s.seq, receipt_xid = pg_current_xact_id()
    from (select * from last_sent s order by s.conversation_id, s.sender_id) s
    where p.conversation_id = s.conversation_id and p.user_id = s.sender_id
      and p.conversation_id = any (p_conversation_id) and p.user_id = any (p_sender_id)
  ),
  logged as (
    insert into parley.message_status (conversation_id, user_id, status, seq, at)
    select s.conversation_id, s.sender_id, 'read', s.seq, v_now
    from last_sent s where s.seq - s.read_before > s.own
  ),
  parents as (
    update parley.messages m
    set reply_count = m.reply_count + n.replies, version = n.new_version, xid = pg_current_xact_id()
    from (
      select n.reply_to_id, count(*) as replies, max(n.new_version) as new_version
      from numbered n where n.reply_to_id is not null group by n.reply_to_id
    ) n
    where m.id = n.reply_to_id and m.id = any (p_reply_to_id)
  )
  select
    n.ord, n.verdict, n.id, n.new_seq, n.new_version, v_now::timestamptz,
    case when not n.parent_deleted then n.parent_content end
  from numbered n
  union all
  select j.ord, j.verdict, j.earlier_id, null, null, v_now::timestamptz, null
  from judged j
  where j.verdict <> 'created';
end
$$;

-- As in 0003, with `activity`.
create or replace function parley.mark_read(p_user_id text[], p_message_id uuid[], p_conversation_id uuid[])
returns table (
  ord bigint,
  outcome text,
  conversation_id uuid,
  last_read_seq bigint,
  unread_count bigint,
  participant_count integer,
  moved boolean
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_activity bigint;
  v_conversation_ids uuid[];
begin
  v_conversation_ids := array(
    select distinct m.conversation_id
    from unnest(p_message_id) as i (message_id)
    cross join lateral (select m.conversation_id from parley.messages m where m.id = i.message_id offset 0) m
  );
  -- Before any participant's row is locked, as in `send_messages`; rows that stand at the present block are left alone.
  v_activity := parley.activity_now();
  perform 1
  from parley.conversations c
  where c.id = any (v_conversation_ids)
    and c.activity < v_activity
  order by c.id
  for no key update;
  update parley.conversations c set activity = v_activity
  where c.id = any (v_conversation_ids)
    and c.activity < v_activity;

  perform 1
  from (
    select distinct m.conversation_id, i.user_id
    from unnest(p_user_id, p_message_id) as i (user_id, message_id)
    cross join lateral (select * from parley.messages m where m.id = i.message_id offset 0) m
    order by 1, 2
  ) t
  cross join lateral (
    select true from parley.conversation_participants p
    where p.conversation_id = t.conversation_id and p.user_id = t.user_id
    for no key update
  ) locked;

  return query
  with judged as materialized (
    select
      i.ord, i.user_id, m.conversation_id, m.seq, c.last_seq, c.participant_count, p.last_read_seq as read_before,
      case
        when m.id is null or c.is_deleted or m.conversation_id <> i.conversation_id then 'message_not_found'
        when p.user_id is null then 'not_participant'
        else 'read'
      end as verdict
    from unnest(p_user_id, p_message_id, p_conversation_id) with ordinality
      as i (user_id, message_id, conversation_id, ord)
    left join lateral (
      select * from parley.messages m where m.id = i.message_id offset 0
    ) m on true
    left join lateral (
      select * from parley.conversations c where c.id = m.conversation_id offset 0
    ) c on true
    left join lateral (
      select * from parley.conversation_participants p
      where p.conversation_id = m.conversation_id and p.user_id = i.user_id offset 0
    ) p on p.left_at is null
  ),
  furthest as materialized (
    select j.conversation_id, j.user_id, max(j.seq) as seq, min(j.ord) filter (where j.seq > j.read_before) as first_ord
    from judged j
    where j.verdict = 'read'
    group by j.conversation_id, j.user_id
    having max(j.seq) > min(j.read_before)
  ),
  updated as (
    update parley.conversation_participants p
    set last_read_seq = f.seq,
        last_delivered_seq = greatest(p.last_delivered_seq, f.seq),
        receipt_xid = pg_current_xact_id()
    from furthest f
    where p.conversation_id = f.conversation_id and p.user_id = f.user_id
      and p.conversation_id = any (array(select f.conversation_id from furthest f)) and p.user_id = any (p_user_id)
  ),
  logged as (
    insert into parley.message_status (conversation_id, user_id, status, seq, at)
    select f.conversation_id, f.user_id, 'read', f.seq, clock_timestamp() from furthest f
    on conflict do nothing
  )
  select
    j.ord,
    j.verdict,
    j.conversation_id,
    greatest(j.read_before, f.seq),
    j.last_seq - greatest(j.read_before, f.seq),
    j.participant_count,
    coalesce(j.ord = f.first_ord, false)
  from judged j
  left join furthest f on f.conversation_id = j.conversation_id and f.user_id = j.user_id;
end
$$;

create or replace function parley.mark_delivered(p_conversation_id uuid[], p_user_id text[], p_seq bigint[])
returns table (conversation_id uuid, user_id text, last_seq bigint, participant_count integer)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_activity bigint;
begin
  -- Before any participant's row is locked, as in `send_messages`; rows that stand at the present block are left alone.
  v_activity := parley.activity_now();
  perform 1
  from parley.conversations c
  where c.id = any (p_conversation_id)
    and c.activity < v_activity
  order by c.id
  for no key update;
  update parley.conversations c set activity = v_activity
  where c.id = any (p_conversation_id)
    and c.activity < v_activity;

  perform 1
  from (
    select distinct i.conversation_id, i.user_id
    from unnest(p_conversation_id, p_user_id) as i (conversation_id, user_id)
    order by 1, 2
  ) t
  cross join lateral (
    select true from parley.conversation_participants p
    where p.conversation_id = t.conversation_id and p.user_id = t.user_id
    for no key update
  ) locked;

  return query
  with moved as (
    update parley.conversation_participants p
    set last_delivered_seq = i.seq, receipt_xid = pg_current_xact_id()
    from (
      select i.conversation_id, i.user_id, least(max(i.seq), c.last_seq) as seq, c.participant_count
      from unnest(p_conversation_id, p_user_id, p_seq) as i (conversation_id, user_id, seq)
      join parley.conversations c on c.id = i.conversation_id and c.id = any (p_conversation_id) and not c.is_deleted
      group by i.conversation_id, i.user_id, c.last_seq, c.participant_count
    ) i
    where p.conversation_id = i.conversation_id and p.user_id = i.user_id
      and p.conversation_id = any (p_conversation_id) and p.user_id = any (p_user_id)
      and p.left_at is null and p.last_delivered_seq < i.seq
    returning p.conversation_id, p.user_id, p.last_delivered_seq, i.participant_count
  ),
  logged as (
    insert into parley.message_status (conversation_id, user_id, status, seq, at)
    select m.conversation_id, m.user_id, 'delivered', m.last_delivered_seq, clock_timestamp() from moved m
    on conflict do nothing
  )
  select m.conversation_id, m.user_id, m.last_delivered_seq, m.participant_count from moved m;
end
$$;

-- Keeps a token's name and avatar unless a newer token was seen before. Where others see another from now on, their
-- conversations have changed: `receipt_xid` is when anything of a participant's row changed that takes no version.
create function parley.save_profile(
  p_id text, p_display_name text, p_avatar_url text, p_app_role text, p_issued_at bigint
) returns boolean
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_changed boolean;
  v_conversation_ids uuid[];
begin
  insert into parley.users as u (id, display_name, avatar_url, app_role, profile_issued_at)
  values (p_id, p_display_name, p_avatar_url, p_app_role, p_issued_at)
  on conflict (id) do update
  set display_name = excluded.display_name, avatar_url = excluded.avatar_url, app_role = excluded.app_role,
      profile_issued_at = excluded.profile_issued_at, updated_at = now(),
      xid = case
        when (u.display_name, u.avatar_url) is distinct from (excluded.display_name, excluded.avatar_url)
        then pg_current_xact_id() else u.xid
      end
  where u.profile_issued_at < excluded.profile_issued_at
     or u.profile_issued_at = excluded.profile_issued_at
        and (u.display_name, u.avatar_url, u.app_role)
            is distinct from (excluded.display_name, excluded.avatar_url, excluded.app_role)
  returning u.xid = pg_current_xact_id() into v_changed;
  if v_changed is not true then
    return false;
  end if;
  v_conversation_ids := array(
    select p.conversation_id
    from (select * from parley.conversation_participants p where p.user_id = p_id offset 0) p
    where p.left_at is null
  );
  perform 1 from parley.conversations c
  where c.id = any (v_conversation_ids) and c.activity < parley.activity_now()
  order by c.id for no key update;
  update parley.conversations c set activity = parley.activity_now()
  where c.id = any (v_conversation_ids) and c.activity < parley.activity_now();
  perform 1 from parley.conversation_participants p
  where p.conversation_id = any (v_conversation_ids) and p.user_id = p_id
  order by p.conversation_id for no key update;
  update parley.conversation_participants p set receipt_xid = pg_current_xact_id()
  where p.conversation_id = any (v_conversation_ids) and p.user_id = p_id;
  return true;
end
$$;

-- The conversations of somebody in which something changed since a transaction id, of those after `p_after`, by id.
-- Whoever is in many is looked up in what changed lately of all, as long as that is not more.
create function parley.changed_conversations(p_user_id text, p_since bigint, p_after uuid, p_limit integer)
returns setof uuid
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_since xid8 := p_since::text::xid8;
  v_activity bigint := parley.activity_at(p_since);
  v_ids uuid[];
  v_profiles text[];
begin
  v_ids := array(
    select p.conversation_id
    from (select * from parley.conversation_participants p where p.user_id = p_user_id offset 0) p
    where p.left_at is null limit 501
  );
  if cardinality(v_ids) > 500 then
    v_ids := array(select c.id from parley.conversations c where c.activity >= v_activity limit 5001);
    if cardinality(v_ids) > 5000 then
      v_ids := array(
        select p.conversation_id
        from (select * from parley.conversation_participants p where p.user_id = p_user_id offset 0) p
        where p.left_at is null
      );
    end if;
  end if;
  if exists (
    select from unnest(v_ids) as i (id)
    cross join lateral (
      select c.activity, c.participant_count from parley.conversations c where c.id = i.id offset 0
    ) c
    where c.activity >= v_activity and c.participant_count > 200
  ) then
    v_profiles := array(select u.id from parley.users u where u.xid >= v_since limit 5001);
  end if;
  return query
  select i.id
  from unnest(v_ids) as i (id)
  cross join lateral (
    select p.left_at, p.receipt_xid from parley.conversation_participants p
    where p.conversation_id = i.id and p.user_id = p_user_id offset 0
  ) own
  cross join lateral (
    select c.activity, c.xid, c.participant_count from parley.conversations c where c.id = i.id offset 0
  ) c
  where (p_after is null or i.id > p_after) and own.left_at is null and c.activity >= v_activity and (
    c.xid >= v_since or own.receipt_xid >= v_since
    or c.participant_count <= 200 and exists (
      select from (
        select p.receipt_xid, p.left_at from parley.conversation_participants p
        where p.conversation_id = i.id offset 0
      ) p
      where p.receipt_xid >= v_since and p.left_at is null
    )
    or c.participant_count > 200 and (
      cardinality(v_profiles) > 5000
      or exists (
        select from (
          select p.left_at from parley.conversation_participants p
          where p.conversation_id = i.id and p.user_id = any (v_profiles) offset 0
        ) p
        where p.left_at is null
      )
    )
  )
  order by i.id
  limit p_limit;
end
$$;

insert into parley.migrations (name) values ('0004_catching_up.sql');
