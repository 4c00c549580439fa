import { clientFrames, closeCodes, errors, limits, serverFrames } from '@parley/protocol';
import { exampleOf } from './example.ts';
import { escape, json, prose, table } from './html.ts';
import { meaningOf } from './meanings.ts';
import { fieldsOf, limitsOf, nodesIn, sharedIn, type Field, type SchemaNode } from './schema-nodes.ts';
import { policyFor, stylesheet } from './stylesheet.ts';

export interface WebSocketPageOptions {
  /** Where the socket is, `/api/ws`. */
  readonly socketPath: string;
  /** Where the REST API's description is, `/docs`. */
  readonly docsPath: string;
}

/** A heading of the page with what stands under it, and its entry in the contents. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly entries?: readonly { readonly id: string; readonly title: string }[];
}

/** What each code means, and what a client then does. */
const closeMeanings: Readonly<Record<string, readonly [string, string]>> = {
  going_away: [
    'The server is going away.',
    'Reconnect after a random delay and resume; send what was not answered again, with the same client_id: it may have been read or not.',
  ],
  frame_too_large: [`A frame was over ${String(limits.bodyBytes / 1024)} KiB.`, 'Send smaller frames.'],
  unauthorized: ['The token is missing, wrong or has expired.', 'Connect with a new token.'],
  no_heartbeat: ['The connection did not answer pings.', 'Reconnect after a random delay, and resume.'],
  slow_reader: [
    'The client reads more slowly than frames arrive.',
    'Reconnect after a random delay, and resume.',
  ],
  flood: ['The client sends too much.', 'Wait, and send less.'],
} satisfies Record<keyof typeof closeCodes, readonly [string, string]>;

/** The page's `Content-Security-Policy`. */
export const pagePolicy = policyFor(stylesheet);

/** The page that describes every frame, made from the schemas that the server itself checks frames with. */
export function webSocketPage(options: WebSocketPageOptions): string {
  const fromClient = nodesIn(clientFrames);
  const fromServer = nodesIn(serverFrames);
  const objects = [...sharedIn([...Object.values(fromClient), ...Object.values(fromServer)])];
  const sections: Section[] = [
    { id: 'connecting', title: 'Connecting', body: connecting(options) },
    { id: 'coming-back', title: 'Coming back', body: comingBack },
    frameSection('client', 'What you send', fromClient),
    frameSection('server', 'What you receive', fromServer),
    {
      id: 'objects',
      title: 'Objects',
      body: objects.map(([name, schema]) => entry('object', name, schema)).join('\n'),
      entries: objects.map(([name]) => ({ id: `object-${name}`, title: name })),
    },
    { id: 'close-codes', title: 'Close codes', body: closeCodeTable() },
    { id: 'error-codes', title: 'Error codes', body: errorCodeTable() },
  ];
  return layout(sections, options);
}

function frameSection(id: string, title: string, frames: Readonly<Record<string, SchemaNode>>): Section {
  const names = Object.entries(frames);
  return {
    id,
    title,
    body: names.map(([name, schema]) => entry(id, name, schema)).join('\n'),
    entries: names.map(([name]) => ({ id: `${id}-${name}`, title: name })),
  };
}

/** One frame or object: what it means, its fields, and an example. */
function entry(kind: string, name: string, schema: SchemaNode): string {
  const id = `${kind}-${name}`;
  const fields = fieldsOf(schema).map(fieldRow);
  const example = json(exampleOf(schema, name));
  const short = example.split('\n').length <= 14;
  return `<article id="${id}">
<h3><a href="#${id}"><code>${escape(name)}</code></a></h3>
${schema.description === undefined ? '' : `<p>${linked(prose(schema.description), name)}</p>`}
${table(['Field', 'Type', 'Required', 'Meaning'], fields, 'fields')}
<details${short ? ' open' : ''}><summary>Example</summary><pre><code>${example}</code></pre></details>
</article>`;
}

function fieldRow(field: Field): string[] {
  const { name, inner, required, nullable } = field;
  return [
    `<code>${escape(name)}</code>`,
    `${typeOf(inner)}${nullable ? ' or <code>null</code>' : ''}`,
    required ? 'yes' : 'no',
    `${linked(prose(meaningOf(field)), '')} ${small(limitsOf(inner))}`,
  ];
}

/** Names of frames in `html` as links to them; those that go both ways to the one you receive. */
const linked = (html: string, own: string): string =>
  html.replaceAll(/<code>(\w+)<\/code>/g, (code, name: string) => {
    if (name === own) return code;
    const side = name in serverFrames ? 'server' : 'client';
    return name in serverFrames || name in clientFrames ? `<a href="#${side}-${name}">${code}</a>` : code;
  });

const small = (text: string): string => (text === '' ? '' : `<small>${escape(text)}</small>`);

function typeOf(schema: SchemaNode): string {
  if (schema.$id !== undefined) return `<a href="#object-${schema.$id}">${escape(schema.$id)}</a>`;
  if (schema.const !== undefined) return `<code>${escape(String(schema.const))}</code>`;
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `<code>${escape(value)}</code>`).join(' · ');
  if (schema.type === 'array')
    return schema.items === undefined ? 'array' : `array of ${typeOf(schema.items)}`;
  if (schema.format === 'date-time') return 'time';
  if (schema.properties !== undefined) return `object: ${Object.keys(schema.properties).join(', ')}`;
  return escape(schema.type ?? 'any');
}

/** What a client does after a connection has ended, and what that gives it. */
const comingBack = `<p>Keep the newest <code>cursor</code> up to which you have applied everything: that of
<a href="#server-connected"><code>connected</code></a> once you have read your conversations after it, then that of each
<a href="#server-sync"><code>sync</code></a>. After a reconnect send it as your first frame:</p>
<pre><code>{"type": "resume", "cursor": "…", "request_id": "1"}</code></pre>
<p><code>sync</code> then says what changed, in its present state, however long that was; while <code>has_more</code> is
true the next one follows by itself. Events wait meanwhile, and go on after the last one without a gap. Replace what you
have by what it holds: applying it twice changes nothing. An event at or below the <code>version</code> that you hold of
its conversation is old news.</p>`;

function connecting({ socketPath }: WebSocketPageOptions): string {
  const path = escape(socketPath);
  const ways = [
    ['A header', `<code>Authorization: Bearer &lt;token&gt;</code>`, 'Servers, native apps.'],
    [
      'A subprotocol',
      `<code>new WebSocket(url, ['parley', 'bearer.' + token])</code>`,
      'Browsers: the token stays out of addresses and so out of logs.',
    ],
    ['The query', `<code>${path}?token=&lt;token&gt;</code>`, 'Where nothing else can be set.'],
    ['The path', `<code>${path}/&lt;token&gt;</code>`, 'Likewise.'],
  ];
  return `<p>Open a WebSocket to <code>${path}</code> with a token, in one of four ways:</p>
${table(['Way', 'How', 'For'], ways)}
<p>A refusal is an HTTP answer to the upgrade: 401 for the token, 403 for a foreign <code>Origin</code>, 429 for
connecting too often (<code>rate_limited</code>) or with ${String(limits.socketsPerUser)} open already
(<code>too_many_connections</code>), 503 while the server restarts; the last two say by <code>Retry-After</code> when to
come back. Once open, the first frame is <a href="#server-connected"><code>connected</code></a>.</p>
<p>A frame is one JSON object in a text message of at most ${String(limits.bodyBytes / 1024)} KiB, with a
<code>type</code>. Any of yours may carry a <code>request_id</code>; its answer, or the
<a href="#server-error"><code>error</code></a> that refuses it, repeats it. A refused frame leaves the connection open.
New fields and new types of frames may come at any time: ignore what you don't know.</p>
<p>Events come without asking for every conversation that you are in. Those with a <code>version</code> are durable
changes; in each conversation they arrive in its order, to your other connections and the sending one too. Typing and
status come for conversations that this connection has
<a href="#client-join_conversation">joined</a>.</p>`;
}

const closeCodeTable = (): string =>
  `<p>A connection that is lost without a close frame shows as 1006: treat it as 1001.</p>
${table(
  ['Code', 'Name', 'Meaning', 'Then'],
  Object.entries(closeCodes).map(([name, code]) => [
    `<code>${String(code)}</code>`,
    `<code>${name}</code>`,
    ...(closeMeanings[name] ?? []).map(escape),
  ]),
  'codes',
)}`;

const errorCodeTable = (): string =>
  `<p>The <code>code</code> of an <a href="#server-error"><code>error</code></a>, and of a refused request over REST, which
answers it with the status. Codes are stable; sentences may change.</p>
${table(
  ['Code', 'Status', 'Meaning'],
  Object.entries(errors).map(([code, [status, detail]]) => [
    `<code>${code}</code>`,
    String(status),
    escape(detail),
  ]),
  'codes',
)}`;

function layout(sections: readonly Section[], { docsPath }: WebSocketPageOptions): string {
  const contents = sections.map(({ id, title, entries = [] }) => {
    const inner = entries.map(
      (item) => `<li><a href="#${item.id}"><code>${escape(item.title)}</code></a></li>`,
    );
    return `<li><a href="#${id}">${escape(title)}</a>${inner.length === 0 ? '' : `<ul>${inner.join('')}</ul>`}</li>`;
  });
  const list = `<ul>${contents.join('\n')}</ul>`;
  const body = sections.map(
    ({ id, title, body: inner }) => `<section id="${id}"><h2>${escape(title)}</h2>\n${inner}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Parley · WebSocket frames</title>
<style>${stylesheet}</style>
</head>
<body>
<a class="skip" href="#connecting">Skip the contents</a>
<header><p class="name">Parley</p><nav aria-label="Documentation"><a href="${escape(docsPath)}">REST API</a><a href="${escape(docsPath)}/websocket" aria-current="page">WebSocket</a></nav></header>
<div class="page">
<nav class="contents" aria-label="Contents">${list}</nav>
<main>
<h1>WebSocket frames</h1>
<p class="lead">Messages, typing, presence and receipts as they happen. This page is made from the schemas with which the server checks every frame.</p>
<details class="contents-narrow"><summary>Contents</summary>${list}</details>
${body.join('\n')}
</main>
</div>
</body>
</html>
`;
}
