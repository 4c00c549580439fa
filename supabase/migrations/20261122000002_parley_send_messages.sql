-- Appends a batch of messages in one round trip and one commit; each item is judged and fails alone.
--
-- A function in PL/pgSQL, since each of its statements sees what was committed before it began: first it waits for the
-- conversations' locks, then it looks at memberships, earlier sends and counters, which can't change any more. Locks are
-- taken in the order of ids, so that two batches never wait for each other in a circle.
--
-- `p_roles` and `p_while_muted` are the rule for sending in the table of permissions; `p_trusted` marks the service
-- role's items. An item's outcome is 'created', 'replayed', or the code of its refusal.
create function parley.send_messages(
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
      id, conversation_id, seq, version, created_version, sender_id, content, message_type,
      reply_to_id, reply_ordinal, metadata, client_id, request_hash, created_at, updated_at
    )
    select
      n.id, n.conversation_id, n.new_seq, n.new_version, n.new_version, n.sender_id, n.content, n.message_type,
      n.reply_to_id, n.new_ordinal, n.metadata, n.client_id, n.request_hash, v_now, v_now
    from numbered n
  ),
  counted as (
    update parley.conversations c
    set last_seq = n.last_seq, version = n.last_version, last_message_at = v_now, xid = pg_current_xact_id()
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

insert into parley.migrations (name) values ('0002_send_messages.sql');
