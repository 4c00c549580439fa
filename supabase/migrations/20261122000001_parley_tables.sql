-- Parley's tables. Everything is in the schema `parley`, named in full, so it meets no table of the host application.
create schema if not exists parley;

create table parley.migrations (
  name text primary key,
  applied_at timestamptz not null default now()
);

-- Names and avatars as last seen in a token. Somebody who was added but never signed in has no row.
create table parley.users (
  id text primary key,
  display_name text not null,
  avatar_url text,
  app_role text not null,
  profile_issued_at bigint not null,          -- the `iat` of the token that these come from
  updated_at timestamptz(3) not null default now(),
  xid xid8 not null default pg_current_xact_id()
);

create table parley.conversations (
  id uuid primary key,
  type text not null check (type in ('direct', 'group')),
  title text,
  direct_key text,                            -- the pair of a direct conversation, as a JSON array in order
  metadata jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  last_message_at timestamptz(3) not null default now(),
  is_archived boolean not null default false,
  is_deleted boolean not null default false,
  participant_count integer not null,
  last_seq bigint not null default 0,         -- the highest `seq` of its messages
  version bigint not null default 1,          -- counts its changes; creation is the first
  info_version bigint not null default 1,     -- the version at which title, metadata, archiving or deletion changed
  xid xid8 not null default pg_current_xact_id()
) with (fillfactor = 80);

create unique index conversations_direct_key on parley.conversations (direct_key) where not is_deleted;

-- A former participant keeps the row, with `left_at`: a catch-up must be able to tell them that they are out.
create table parley.conversation_participants (
  conversation_id uuid not null references parley.conversations (id) on delete cascade,
  user_id text not null,
  role text not null check (role in ('participant', 'admin', 'moderator')),
  is_muted boolean not null default false,
  joined_at timestamptz not null default now(), -- people added together are microseconds apart, in their order
  joined_seq bigint not null default 0,       -- messages up to here were sent before they came
  left_at timestamptz(3),
  last_read_seq bigint not null default 0,    -- watermark: everything up to here is read
  last_delivered_seq bigint not null default 0,
  version bigint not null,                    -- the conversation's version at which the membership last changed
  xid xid8 not null default pg_current_xact_id(),
  receipt_xid xid8 not null default pg_current_xact_id(),
  primary key (conversation_id, user_id)
) with (fillfactor = 80);

create index conversation_participants_user on parley.conversation_participants (user_id) where left_at is null;
create index conversation_participants_order
  on parley.conversation_participants (conversation_id, joined_at, user_id) where left_at is null;

-- No foreign key to conversations: the one statement that inserts here holds the conversation's row lock.
create table parley.messages (
  id uuid primary key,
  conversation_id uuid not null,
  seq bigint not null,
  version bigint not null,                    -- the conversation's version at which the message last changed
  created_version bigint not null,            -- and at which it was sent
  sender_id text not null,
  content text not null,
  message_type text not null check (message_type in ('text', 'image', 'file', 'system')),
  reply_to_id uuid,
  reply_ordinal integer,                      -- its place among the replies to its parent, from 1
  reply_count integer not null default 0,
  metadata jsonb not null default '{}',
  client_id text,
  request_hash bytea,                         -- over what the request meant; tells a retry from a different request
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  is_edited boolean not null default false,
  is_deleted boolean not null default false,
  xid xid8 not null default pg_current_xact_id()
) with (fillfactor = 90);

create unique index messages_seq on parley.messages (conversation_id, seq);
create unique index messages_client_id
  on parley.messages (sender_id, client_id, conversation_id) where client_id is not null;
create unique index messages_replies on parley.messages (reply_to_id, reply_ordinal) where reply_to_id is not null;

-- The log of watermark moves: one row a move. Who read message `seq` first did so at their first move to it or beyond.
create table parley.message_status (
  conversation_id uuid not null,
  user_id text not null,
  status text not null check (status in ('delivered', 'read')),
  seq bigint not null,
  at timestamptz(3) not null default now(),
  primary key (conversation_id, user_id, status, seq)
);

-- What people set themselves; whether they are connected is not the database's to know.
create table parley.user_status (
  user_id text primary key,
  status text not null default 'online' check (status in ('online', 'offline', 'away', 'busy')),
  last_seen_at timestamptz(3),
  updated_at timestamptz(3) not null default now()
);

create table parley.attachments (
  id uuid primary key,
  conversation_id uuid not null,
  message_id uuid,
  uploader_id text not null,
  file_name text not null,
  content_type text not null,
  size bigint not null,
  sha256 text not null,
  blob_key text not null,
  width integer,
  height integer,
  thumbnail_key text,
  created_at timestamptz not null default now()
);

create index attachments_message on parley.attachments (message_id);

-- Creations other than messages, by the key that their client chose. Messages carry theirs themselves.
create table parley.idempotency_keys (
  user_id text not null,
  place text not null,
  client_id text not null,
  request_hash bytea not null,
  result text not null,
  created_at timestamptz not null default now(),
  primary key (user_id, place, client_id)
);

-- Random keys that all nodes share, made by the first that needs them.
create table parley.secrets (
  name text primary key,
  value bytea not null
);

insert into parley.migrations (name) values ('0001_tables.sql');
