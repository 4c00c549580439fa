import { useEffect, useRef, useState } from 'react';
import type { AnyMessage } from '@parley/client';
import { useMessages, useSend, useTyping, useUserId, type Send } from '@parley/react';

/** One conversation: open as long as this is on the page. */
export function Chat({ id }: { readonly id: string }) {
  const { messages, hasOlder, loadOlder, markRead, error } = useMessages(id);
  const { typing } = useTyping(id);
  const writes = useSend(id);
  const end = useRef<HTMLDivElement>(null);
  const last = messages.at(-1)?.key;
  useEffect(() => {
    end.current?.scrollIntoView();
    markRead();
  }, [last, markRead]);
  return (
    <section aria-label="Conversation">
      <div className="log" role="log" aria-label="Messages" tabIndex={0}>
        <ol>
          {hasOlder && (
            <li>
              <button onClick={() => void loadOlder()}>Older messages</button>
            </li>
          )}
          {messages.map((message) => (
            <Message key={message.key} message={message} writes={writes} />
          ))}
        </ol>
        <div ref={end} />
      </div>
      <p className="typing">
        {error?.message}
        {typing.length > 0 && `${typing.map((each) => each.display_name).join(', ')} typing …`}
      </p>
      <Composer id={id} />
    </section>
  );
}

const marks = { sending: 'Sending', sent: 'Sent', delivered: 'Delivered', read: 'Read', failed: '' };

function Message({ message, writes }: { readonly message: AnyMessage; readonly writes: Send }) {
  const isMine = message.sender_id === useUserId();
  const isDeleted = message.seq !== null && message.is_deleted;
  return (
    <li className={isMine ? 'mine' : ''}>
      <p>{isDeleted ? 'Deleted' : message.content}</p>
      {isMine && <small>{marks[message.status]}</small>}
      {message.status === 'failed' && (
        <>
          <small role="alert">{message.error.message}</small>
          <button onClick={() => void writes.retry(message)}>Try again</button>
          <button onClick={() => writes.discard(message)}>Discard</button>
        </>
      )}
    </li>
  );
}

function Composer({ id }: { readonly id: string }) {
  const [text, setText] = useState('');
  const { send } = useSend(id);
  const { onType } = useTyping(id);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === '') return;
        // It shows at once, and gets there even if the page is closed before.
        void send(text);
        setText('');
      }}
    >
      <input
        aria-label="Message"
        placeholder="Message"
        maxLength={5000}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          onType();
        }}
      />
      <button>Send</button>
    </form>
  );
}
