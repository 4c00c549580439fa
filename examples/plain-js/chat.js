import { createParley } from '@parley/client';

/** @type {<T extends HTMLElement>(id: string, type: new () => T) => T} */
function find(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`There is no ${id}`);
  return element;
}

const [start, chat] = [find('start', HTMLFormElement), find('chat', HTMLElement)];
const [list, compose] = [find('messages', HTMLOListElement), find('compose', HTMLFormElement)];
const text = find('text', HTMLInputElement);

start.addEventListener('submit', (event) => {
  event.preventDefault();
  void talk(find('me', HTMLInputElement).value.trim(), find('other', HTMLInputElement).value.trim());
});

/** The demo gives anybody a token for anybody. In your app: the token of whoever is signed in. */
async function demoToken(/** @type {string} */ name) {
  const response = await fetch('/demo/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: idOf(name), name }),
  });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  return (await response.json()).token;
}

/** @param {string} name */
const idOf = (name) => name.toLowerCase();

/**
 * @param {string} me
 * @param {string} other
 */
async function talk(me, other) {
  const parley = createParley({ url: location.origin, getToken: () => demoToken(me) });
  find('title', HTMLElement).textContent = other;
  parley.subscribe(({ connection }) => connection, showConnection);
  await parley.connect();
  // If the two have one already, it is that one.
  const conversation = await parley.createConversation({
    type: 'direct',
    participant_ids: [idOf(other)],
  });
  await conversation.open();
  start.hidden = true;
  chat.hidden = false;

  const show = () => {
    showMessages(conversation, idOf(me));
    find('typing', HTMLElement).textContent =
      conversation.getSnapshot().typing.length > 0 ? `${other} is typing …` : '';
    if (document.visibilityState === 'visible') conversation.markRead();
  };
  conversation.subscribe(show);
  document.addEventListener('visibilitychange', show);
  show();

  text.focus();
  text.addEventListener('input', () => conversation.typing());
  compose.addEventListener('submit', (event) => {
    event.preventDefault();
    if (text.value.trim() === '') return;
    // It shows at once, and gets there even if the page is closed before.
    void conversation.send(text.value);
    text.value = '';
  });
}

/**
 * Draws them anew: good for a page of messages. Who shows more keeps what did not change, by its `key`.
 * @param {import('@parley/client').ParleyConversation} conversation
 * @param {string} myId
 */
function showMessages(conversation, myId) {
  list.replaceChildren(
    ...conversation.messages.map((message) => {
      const item = document.createElement('li');
      item.className = message.sender_id === myId ? 'mine' : '';
      const bubble = document.createElement('p');
      // As text, never as HTML: somebody else wrote it.
      bubble.textContent = message.seq !== null && message.is_deleted ? 'Deleted' : message.content;
      item.append(bubble);
      if (message.sender_id === myId) item.append(markOf(message));
      if (message.status === 'failed')
        item.append(
          button('Try again', () => void conversation.retry(message)),
          button('Discard', () => conversation.discard(message)),
        );
      return item;
    }),
  );
  list.parentElement?.scrollTo(0, list.scrollHeight);
}

const marks = { sending: 'Sending', sent: 'Sent', delivered: 'Delivered', read: 'Read' };

/** How far a message came. @param {import('@parley/client').AnyMessage} message */
function markOf(message) {
  const mark = document.createElement('small');
  mark.textContent = message.status === 'failed' ? message.error.message : marks[message.status];
  return mark;
}

/**
 * @param {string} label
 * @param {() => void} onClick
 */
function button(label, onClick) {
  const element = document.createElement('button');
  element.textContent = label;
  element.addEventListener('click', onClick);
  return element;
}

/** @param {import('@parley/client').ConnectionState} connection */
function showConnection(connection) {
  const isFine = connection.status === 'live' || connection.status === 'catching_up';
  find('status', HTMLElement).textContent = isFine ? '' : 'Connecting …';
}
