/**
 * A chat on Socket.IO and Postgres as their documentation teaches it: who connects shows a token and joins the rooms of
 * their conversations; a message is inserted by a parameterised query on a pool, then goes to its room, then is
 * acknowledged. It numbers nothing, knows no retries, nobody is muted, nothing is limited or logged: less than Parley
 * does, so that nobody can say that it was slowed down. `POOL`: connections to Postgres, pg's default of 10 unless given.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { Server, type Socket } from 'socket.io';
import { envOf } from './env.ts';

interface SendMessage {
  readonly room: string;
  readonly content: string;
}

type Acknowledge = (answer: { readonly status: 'ok' | 'error' }) => void;

const secret = new TextEncoder().encode(envOf('JWT_SECRET'));
const pool = new pg.Pool({
  connectionString: envOf('DATABASE_URL'),
  max: Number(process.env['POOL'] ?? 10),
});

await pool.query(`
  create schema if not exists peer;
  create table if not exists peer.messages (
    id bigint generated always as identity primary key,
    conversation_id uuid not null,
    sender_id text not null,
    content text not null,
    created_at timestamptz not null default now()
  );
  create index if not exists messages_conversation on peer.messages (conversation_id, id)`);

const http = createServer();
const io = new Server(http);

io.use((socket, next) => void identify(socket, next));

io.on('connection', async (socket) => {
  const { userId } = socket.data as { userId: string };
  socket.on('message', (message: SendMessage, acknowledge: Acknowledge) => {
    send(socket, userId, message).then(
      () => acknowledge({ status: 'ok' }),
      (error: unknown) => {
        console.error(error);
        acknowledge({ status: 'error' });
      },
    );
  });
  const { rows } = await pool.query<{ conversation_id: string }>(
    'select conversation_id from parley.conversation_participants where user_id = $1',
    [userId],
  );
  await socket.join(rows.map((row) => row.conversation_id));
});

async function identify(socket: Socket, next: (error?: Error) => void): Promise<void> {
  try {
    const { token } = socket.handshake.auth as { token: string };
    const { payload } = await jwtVerify(token, secret);
    socket.data = { userId: payload.sub };
    next();
  } catch {
    next(new Error('the token is not valid'));
  }
}

async function send(socket: Socket, userId: string, { room, content }: SendMessage): Promise<void> {
  if (!socket.rooms.has(room)) throw new Error(`${userId} is not in ${room}`);
  const { rows } = await pool.query(
    `INSERT INTO peer.messages (conversation_id, sender_id, content) VALUES ($1, $2, $3)
     RETURNING id, conversation_id, sender_id, content, created_at`,
    [room, userId, content],
  );
  io.to(room).emit('new_message', rows[0]);
}

http.listen(0, '127.0.0.1');
await once(http, 'listening');
const address = http.address();
if (address === null || typeof address === 'string') throw new Error('it listens on no port');
console.log(`http://127.0.0.1:${address.port}`);
