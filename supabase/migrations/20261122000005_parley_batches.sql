-- The batches of 0004 at a cost that grows with their length and not with its square: their updates compared each row
-- with the keys of all.

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
-- those conditions inside that one index serves, and updates compare with an array of one: by `=` the plan could be a
-- merge, which reads an index as a whole.
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
  v_activity bigint;
begin
  perform 1 from parley.conversations c where c.id = any (p_conversation_id) order by c.id for no key update;
  v_now := clock_timestamp();
  v_activity := parley.activity_now();

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
        activity = greatest(c.activity, v_activity)
    from (
      select n.conversation_id, max(n.new_seq) as last_seq, max(n.new_version) as last_version
      from numbered n group by n.conversation_id order by n.conversation_id
    ) n
    where c.id = any (array[n.conversation_id])
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
    where p.conversation_id = any (array[s.conversation_id]) and p.user_id = any (array[s.sender_id])
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
    where m.id = any (array[n.reply_to_id])
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
    where p.conversation_id = any (array[f.conversation_id]) and p.user_id = any (array[f.user_id])
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
      select i.conversation_id, i.user_id, least(i.seq, c.last_seq) as seq, c.participant_count
      from (
        select i.conversation_id, i.user_id, max(i.seq) as seq
        from unnest(p_conversation_id, p_user_id, p_seq) as i (conversation_id, user_id, seq)
        group by i.conversation_id, i.user_id
      ) i
      cross join lateral (
        select * from parley.conversations c where c.id = i.conversation_id offset 0
      ) c
      cross join lateral (
        select * from parley.conversation_participants p
        where p.conversation_id = i.conversation_id and p.user_id = i.user_id offset 0
      ) p
      where not c.is_deleted and p.left_at is null and p.last_delivered_seq < least(i.seq, c.last_seq)
    ) i
    where p.conversation_id = any (array[i.conversation_id]) and p.user_id = any (array[i.user_id])
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

-- By person and conversation, so that somebody's conversations are told by the index alone, and in the order in which
-- they are looked up. It also serves a single membership as well as the primary key does: where nearly everybody is in
-- one conversation the planner may choose either, and a bot that is in thousands of them paid for all at each message.
drop index parley.conversation_participants_user;
create index conversation_participants_user
  on parley.conversation_participants (user_id, conversation_id) include (left_at);

insert into parley.migrations (name) values ('0005_batches.sql');
