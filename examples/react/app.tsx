import { useState } from 'react';
import { createParley, type Conversation, type Parley } from '@parley/client';
import { ParleyProvider, useConnection, useConversations, useParley, useUserId } from '@parley/react';
import { Chat } from './chat.tsx';

/** The demo gives anybody a token for anybody. In your app: the token of whoever is signed in. */
async function demoToken(name: string): Promise<string> {
  const response = await fetch('/demo/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: name.toLowerCase(), name }),
  });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  const { token } = (await response.json()) as { token: string };
  return token;
}

export function App() {
  const [client, setClient] = useState<Parley | null>(null);
  if (client === null)
    return (
      <main className="start">
        <h1>Parley in React</h1>
        <Ask
          label="Your name"
          action="Start"
          onAnswer={(name) =>
            setClient(createParley({ url: location.origin, getToken: () => demoToken(name) }))
          }
        />
      </main>
    );
  return (
    <ParleyProvider client={client}>
      <Home />
    </ParleyProvider>
  );
}

function Home() {
  const [openId, setOpenId] = useState<string | null>(null);
  const parley = useParley();
  const { status } = useConnection();
  const begin = async (name: string) => {
    const ids = [name.toLowerCase()];
    const conversation = await parley.createConversation({ type: 'direct', participant_ids: ids });
    setOpenId(conversation.id);
  };
  return (
    <main className="home">
      <nav>
        <h1>Conversations</h1>
        <p role="status">{status === 'live' ? '' : 'Connecting …'}</p>
        <List openId={openId} onOpen={setOpenId} />
        <Ask label="Talk with" action="Open" onAnswer={(name) => void begin(name)} />
      </nav>
      {openId === null ? <p className="empty">Open a conversation.</p> : <Chat id={openId} key={openId} />}
    </main>
  );
}

interface ListProps {
  readonly openId: string | null;
  readonly onOpen: (id: string) => void;
}

function List({ openId, onOpen }: ListProps) {
  const { conversations } = useConversations();
  const myId = useUserId();
  return (
    <ul>
      {conversations.map((conversation) => (
        <li key={conversation.id}>
          <button
            aria-current={conversation.id === openId ? 'true' : undefined}
            onClick={() => onOpen(conversation.id)}
          >
            <strong>{titleOf(conversation, myId)}</strong>
            {conversation.unread_count > 0 && (
              <span className="badge">
                {conversation.unread_count}
                <span className="hidden"> unread</span>
              </span>
            )}
            <small>{conversation.last_message?.content}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}

const titleOf = ({ title, participants }: Conversation, myId: string | null): string =>
  title ?? participants.find((each) => each.user_id !== myId)?.display_name ?? 'Just you';

interface AskProps {
  readonly label: string;
  readonly action: string;
  readonly onAnswer: (name: string) => void;
}

function Ask({ label, action, onAnswer }: AskProps) {
  const [name, setName] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onAnswer(name.trim());
        setName('');
      }}
    >
      <label>
        {label}
        <input value={name} onChange={({ target }) => setName(target.value)} required maxLength={40} />
      </label>
      <button>{action}</button>
    </form>
  );
}
