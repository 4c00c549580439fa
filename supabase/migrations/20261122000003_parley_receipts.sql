-- Watermarks. They only move forward, and moving them takes no version. Both functions lock the participants' rows in
-- the order of their keys, as `send_messages` does, so that batches never wait for each other in a circle. Look-ups are
-- lateral for the reason given there.

-- `p_user_id[i]` has read `p_message_id[i]` and all before it. Where `p_conversation_id[i]` is not null, the message must
-- be of that conversation.
create function parley.mark_read(p_user_id text[], p_message_id uuid[], p_conversation_id uuid[])
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
begin
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

-- Messages of `p_conversation_id[i]` up to `p_seq[i]` have reached `p_user_id[i]`; answers the watermarks that moved.
create function parley.mark_delivered(p_conversation_id uuid[], p_user_id text[], p_seq bigint[])
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
begin
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

insert into parley.migrations (name) values ('0003_receipts.sql');
