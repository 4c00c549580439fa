import pg from 'pg';
import sharp from 'sharp';
import { Caller } from './api.ts';

/** As wide, high, small and narrow as pictures are. */
const shapes = [
  [900, 600],
  [500, 1400],
  [60, 40],
  [1600, 300],
] as const;

/** Posts pictures, of which `fillHistory` makes more. */
export async function postPictures(url: string, conversationId: string): Promise<void> {
  const ann = new Caller(url, 'ann', 'Ann');
  for (const [width, height] of shapes) {
    const picture = sharp({ create: { width, height, channels: 3, background: '#d98a6a' } });
    const form = new FormData();
    form.append('file', new File([await picture.jpeg().toBuffer()], `${width} by ${height}.jpg`));
    await ann.call('POST', `/conversations/${conversationId}/upload`, form);
  }
}

/** What people write: short, long, folded, code, lists; by the message's number `n`. */
const content = `
  case
    when is_picture or is_card then ''
    when n % 31 = 0 then repeat('Somebody had much to say about it. ', 40)
    when n % 11 = 0 then E'It says\\n\\n\`\`\`\\n' || repeat(E'const answer = await ask(question);\\n', 1 + n % 9) || '\`\`\`'
    when n % 17 = 0 then E'Three things:\\n\\n- one\\n- two\\n- **three**'
    when n % 7 = 0 then repeat(E'A paragraph with some words in it.\\n\\n', 1 + n % 4)
    else 'And' || repeat(' so on, as people have it', n % 6)
  end`;

const messages = `
  with numbered as (
    select n::int as n, md5('message ' || n)::uuid as id, n % 19 = 0 as is_picture, n % 41 = 0 and n % 19 > 0 as is_card
    from parley.conversations c, generate_series(c.last_seq + 1, $1::bigint) n),
  posted as (
    select metadata, row_number() over (order by seq) - 1 as place
    from parley.messages where message_type = 'image')
  insert into parley.messages (id, conversation_id, seq, version, created_version, content_version, sender_id,
    content, message_type, metadata, reply_to_id, reply_ordinal, created_at, updated_at)
  select n.id, c.id, n, c.version + n, c.version + n, c.version + n, (array['ann', 'bob'])[1 + n / 3 % 2],
    case when ${content} = '' then '' else 'Message ' || n || ': ' || ${content} end,
    case when is_picture then 'image' when is_card then 'file' else 'text' end,
    case
      when is_picture then jsonb_set(p.metadata, '{attachment,id}', to_jsonb(md5('file ' || n)::uuid))
      -- A picture of a kind that the server could not read: nothing says how large it is.
      when is_card then jsonb_build_object('attachment', jsonb_build_object('id', md5('file ' || n)::uuid,
        'file_name', 'drawing.tiff', 'content_type', 'image/tiff', 'size', 12345))
      else '{}'
    end,
    case when n % 13 = 0 and n > 20 then md5('message ' || n - 8)::uuid end, case when n % 13 = 0 and n > 20 then 1 end,
    now() - make_interval(secs => ($1 - n) * 40), now() - make_interval(secs => ($1 - n) * 40)
  from parley.conversations c, numbered n left join posted p on p.place = n / 19 % ${shapes.length}`;

const files = `
  insert into parley.attachments (id, conversation_id, message_id, uploader_id, file_name, content_type, size, sha256,
    blob_key, width, height, thumbnail_key)
  select md5('file ' || m.seq)::uuid, m.conversation_id, m.id, m.sender_id, p.file_name, p.content_type, p.size, p.sha256,
    p.blob_key, p.width, p.height, p.thumbnail_key
  from parley.messages m
  join (select *, row_number() over (order by created_at) - 1 as place from parley.attachments) p
    on p.place = m.seq / 19 % ${shapes.length}
  where m.message_type = 'image' and m.id = md5('message ' || m.seq)::uuid`;

const counters = `
  update parley.conversations c set last_seq = m.seq, version = m.version, last_message_at = m.at
  from (select max(seq) as seq, max(version) as version, max(created_at) as at from parley.messages) m`;

/** Adds messages up to the `count`th to the only conversation, as if they had been sent, all read. */
export async function fillHistory(databaseUrl: string, count: number): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(messages, [count]);
    await client.query(files);
    await client.query(counters);
    await client.query('update parley.conversation_participants set last_read_seq = $1', [count]);
  } finally {
    await client.end();
  }
}
