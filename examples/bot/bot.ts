/**
 * A bot that counts words: whoever writes `/count some text` gets the answer as a reply. It may be killed at any time and
 * started again: what was asked meanwhile is answered then, and nothing is answered twice. How: see the README.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ParleyError, createParley, type Message } from '@parley/client';

const url = process.env['PARLEY_URL'] ?? 'http://127.0.0.1:8000';
const userId = process.env['BOT_USER_ID'] ?? 'counter';
const cursorFile = process.env['BOT_CURSOR_FILE'] ?? '.parley/counter-bot-cursor';
/** Milliseconds. What was asked longer ago is left alone. */
const day = 24 * 60 * 60 * 1000;

/** In production a token that your own backend signed; in demo mode anybody gets one for anybody. */
async function getToken(): Promise<string> {
  const { PARLEY_TOKEN: given } = process.env;
  if (given !== undefined) return given;
  const response = await fetch(`${url}/demo/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: userId, name: 'Counter' }),
  });
  if (!response.ok) throw new Error(`No demo token: ${response.status}. Set PARLEY_TOKEN?`);
  return ((await response.json()) as { token: string }).token;
}

/** Node can send headers with a WebSocket, so the token goes into the one that is made for it. */
class HeaderWebSocket extends WebSocket {
  constructor(address: string, [, bearer = '']: string[]) {
    super(address, { headers: { authorization: `Bearer ${bearer.slice('bearer.'.length)}` } });
  }
}

const parley = createParley({ url, getToken, WebSocket: HeaderWebSocket });

const isOld = ({ created_at: at }: Message): boolean => Date.now() - Date.parse(at) > day;

/** What to answer to a text, or null. A deleted message has none. */
function answerTo(content: string): string | null {
  const [, text] = /^\/count\s([^]*)/.exec(content) ?? [];
  if (text === undefined) return null;
  const words = text.match(/\S+/g)?.length ?? 0;
  return words === 1 ? '1 word' : `${words} words`;
}

/** Answers a message; doing so again changes nothing, as the server knows the `client_id`. */
async function answer(message: Message): Promise<void> {
  const content = message.sender_id === userId || isOld(message) ? null : answerTo(message.content);
  if (content === null) return;
  const reply = { content, reply_to_id: message.id, client_id: `count ${message.id}` };
  const conversation = parley.conversation(message.conversation_id);
  try {
    // Waits for the network and for rate limits as long as it takes.
    await conversation.send(reply);
  } catch (error) {
    // Muted, removed, or answered already, before the question was edited: trying again would change nothing.
    if (!(error instanceof ParleyError) || error.code === 'closed') throw error;
    conversation.discard(reply);
    console.log(`No answer to ${message.id}: ${error.message}`);
  }
}

/** Everything of the last day: at the very first start, or after more than catching up tells one by one. */
async function answerHistory(conversationId: string): Promise<void> {
  for await (const message of parley.api.listMessages(conversationId, { limit: 100 })) {
    if (isOld(message)) return;
    await answer(message);
  }
}

/** Answers what came since the cursor, and only then moves it: a crash between the two repeats, and loses nothing. */
async function catchUp(): Promise<void> {
  for (let more = true; more;) {
    const cursor = await readFile(cursorFile, 'utf8').catch(() => undefined);
    const changes = await parley.api.sync(cursor);
    for (const { conversation_id: id, reset, messages } of changes.conversations) {
      for (const message of messages) await answer(message);
      if (reset) await answerHistory(id);
    }
    if (cursor === undefined || changes.reset)
      for await (const { id } of parley.api.listConversations()) await answerHistory(id);
    await keepCursor(changes.cursor);
    more = changes.has_more;
  }
}

/** By another name first: a crash leaves the old file or the new one, never half of one. */
async function keepCursor(cursor: string): Promise<void> {
  await mkdir(dirname(cursorFile), { recursive: true });
  await writeFile(`${cursorFile}.new`, cursor);
  await rename(`${cursorFile}.new`, cursorFile);
}

const stopped = new AbortController();
let knock = Promise.withResolvers<void>();
const wake = (): void => knock.resolve();
const stop = (): void => {
  stopped.abort();
  wake();
};

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
// Events only say that there is something. What it is, the cursor tells, so that there is one way for all of it.
parley.on('new_message', wake);
parley.on('conversation_created', wake);
parley.on('participant_added', wake);
parley.on('connection', ({ status }) => void (status === 'live' && wake()));

await parley.connect();
await catchUp();
console.log(`${userId} is counting on ${url}`);
while (!stopped.signal.aborted) {
  await knock.promise;
  knock = Promise.withResolvers();
  await catchUp().catch(async (error: unknown) => {
    console.log(`Trying again in 2 s: ${String(error)}`);
    await Promise.race([knock.promise, setTimeout(2000)]);
    wake();
  });
}
await parley.close();
