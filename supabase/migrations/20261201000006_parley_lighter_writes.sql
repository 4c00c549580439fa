-- A message that is alone in its batch, which it is wherever Postgres keeps up, is sent by a few small statements: the one
-- for many took 1 ms of CPU for it, a third of that to be set up, and this takes half.

-- What a column may hold is told by its type. A check constraint is read from its text and planned for each statement that
-- writes a row, also for those that leave the column alone: a tenth of what it cost to send.
create domain parley.conversation_type as text check (value in ('direct', 'group'));
create domain parley.participant_role as text check (value in ('participant', 'admin', 'moderator'));
create domain parley.message_type as text check (value in ('text', 'image', 'file', 'system'));
alter table parley.conversations
  drop constraint conversations_type_check, alter column type type parley.conversation_type;
alter table parley.conversation_participants
  drop constraint conversation_participants_role_check, alter column role type parley.participant_role;
alter table parley.messages
  drop constraint messages_message_type_check, alter column message_type type parley.message_type;

-- What becomes of a message, by what was found under the conversation's lock. `p_role`: null of who is not in it.
create function parley.send_verdict(
  p_is_there boolean,
  p_trusted boolean,
  p_role text,
  p_is_muted boolean,
  p_is_repeated boolean,
  p_is_same boolean,
  p_lacks_parent boolean,
  p_roles text[],
  p_while_muted boolean
) returns text
language sql immutable parallel safe
as $$
  select case
    when not p_is_there then 'conversation_not_found'
    when not p_trusted and p_role is null then 'not_participant'
    when p_is_repeated and p_is_same then 'replayed'
    when p_is_repeated then 'idempotency_conflict'
    when not p_trusted and not p_role = any (p_roles) then 'insufficient_role'
    when not p_trusted and p_is_muted and not p_while_muted then 'muted'
    when p_lacks_parent then 'reply_not_found'
    else 'created'
  end
$$;

-- As `send_messages` of one. What a batch has to find out for all of its items, whether any is a reply or a retry, is
-- known here before anything is asked.
create function parley.send_message(
  p_conversation_id uuid,
  p_sender_id text,
  p_trusted boolean,
  p_id uuid,
  p_content text,
  p_message_type text,
  p_reply_to_id uuid,
  p_metadata jsonb,
  p_client_id text,
  p_request_hash bytea,
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
-- As in `send_messages`: look-ups with only those conditions inside that one index serves.
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_now timestamptz(3);
  v_xid xid8;
  v_activity bigint;
  v_is_there boolean;
  v_seq bigint;
  v_version bigint;
  v_role text;
  v_is_muted boolean;
  v_read_before bigint;
  v_parent_id uuid;
  v_parent_content text;
  v_ordinal integer;
  v_earlier_id uuid;
  v_is_same boolean;
begin
  select not c.is_deleted, c.last_seq + 1, c.version + 1 into v_is_there, v_seq, v_version
  from parley.conversations c where c.id = p_conversation_id for no key update;
  -- From here on with fresh eyes: each statement sees what was committed while the lock was waited for.
  v_now := clock_timestamp();

  select p.role, p.is_muted, p.last_read_seq into v_role, v_is_muted, v_read_before
  from (
    select * from parley.conversation_participants p
    where p.conversation_id = p_conversation_id and p.user_id = p_sender_id offset 0
  ) p
  where p.left_at is null;
  if p_reply_to_id is not null then
    select r.id, r.reply_count + 1, case when not r.is_deleted then left(r.content, 200) end
    into v_parent_id, v_ordinal, v_parent_content
    from (select * from parley.messages r where r.id = p_reply_to_id offset 0) r
    where r.conversation_id = p_conversation_id;
  end if;
  if p_client_id is not null then
    select e.id, e.request_hash = p_request_hash into v_earlier_id, v_is_same
    from (
      select * from parley.messages e where e.sender_id = p_sender_id and e.client_id = p_client_id offset 0
    ) e
    where e.conversation_id = p_conversation_id;
  end if;

  ord := 1;
  created_at := v_now;
  outcome := parley.send_verdict(
    coalesce(v_is_there, false), p_trusted, v_role, v_is_muted, v_earlier_id is not null, v_is_same,
    p_reply_to_id is not null and v_parent_id is null, p_roles, p_while_muted
  );
  if outcome <> 'created' then
    message_id := v_earlier_id;
    return next;
    return;
  end if;

  message_id := p_id;
  seq := v_seq;
  version := v_version;
  reply_to_content := v_parent_content;
  v_xid := pg_current_xact_id();
  v_activity := parley.activity_at(v_xid::text::bigint);
  insert into parley.messages (
    id, conversation_id, seq, version, created_version, content_version, sender_id, content, message_type,
    reply_to_id, reply_ordinal, metadata, client_id, request_hash, created_at, updated_at, xid
  ) values (
    p_id, p_conversation_id, v_seq, v_version, v_version, v_version, p_sender_id, p_content, p_message_type,
    p_reply_to_id, v_ordinal, p_metadata, p_client_id, p_request_hash, v_now, v_now, v_xid
  );
  update parley.conversations c
  set last_seq = v_seq, version = v_version, last_message_at = v_now, xid = v_xid, activity = greatest(c.activity, v_activity)
  where c.id = p_conversation_id;
  if not p_trusted then
    update parley.conversation_participants p
    set last_read_seq = v_seq, last_delivered_seq = v_seq, receipt_xid = v_xid
    where p.conversation_id = p_conversation_id and p.user_id = p_sender_id;
    if v_seq - v_read_before > 1 then
      insert into parley.message_status (conversation_id, user_id, status, seq, at)
      values (p_conversation_id, p_sender_id, 'read', v_seq, v_now);
    end if;
  end if;
  if v_parent_id is not null then
    update parley.messages m set reply_count = v_ordinal, version = v_version, xid = v_xid where m.id = v_parent_id;
  end if;
  return next;
end
$$;

-- As in 0005, with the verdict told by the function above.
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
      parley.send_verdict(
        c.id is not null and not c.is_deleted, i.trusted, p.role, p.is_muted, e.id is not null,
        e.request_hash = i.request_hash, i.reply_to_id is not null and r.id is null, p_roles, p_while_muted
      ) as verdict
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

-- As in 0005, with each participant's row found once and written once: it was found, locked, found again and written.
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
  if found then
    update parley.conversations c set activity = v_activity
    where c.id = any (p_conversation_id)
      and c.activity < v_activity;
  end if;

  -- Rows are locked as they are updated, in the order that all keep to. Whoever had to wait for one judges what it is then.
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
        order by i.conversation_id, i.user_id offset 0
      ) i
      cross join lateral (
        select * from parley.conversations c where c.id = i.conversation_id offset 0
      ) c
      where not c.is_deleted
    ) i
    where p.conversation_id = any (array[i.conversation_id]) and p.user_id = any (array[i.user_id])
      -- In no words that an index of those who are in alone has, too.
      and num_nulls(p.left_at) = 1 and p.last_delivered_seq < i.seq
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

insert into parley.migrations (name) values ('0006_lighter_writes.sql');
