/** What changes nothing durable. */
import { ok, type Kinds } from './scene.ts';

export const passingKinds = {
  typing_start: {
    ephemeral: async ({ group }, { socket }) =>
      socket.send({ type: 'typing_start', conversation_id: group.id }),
  },
  typing_stop: {
    ephemeral: async ({ group }, { socket }) => {
      socket.send({ type: 'typing_start', conversation_id: group.id });
      socket.send({ type: 'typing_stop', conversation_id: group.id });
    },
  },
  user_status_change: {
    ephemeral: ({ ann }) => ok(ann.put('/api/users/status', { status: 'busy' })),
  },
  joined_conversation: {
    answers: async ({ group }) => ({ type: 'join_conversation', conversation_id: group.id }),
  },
  left_conversation: {
    answers: async ({ group }) => ({ type: 'leave_conversation', conversation_id: group.id }),
  },
  message_ack: {
    answers: async ({ group }) => ({
      type: 'send_message',
      conversation_id: group.id,
      content: 'acknowledge this',
    }),
  },
  read_ack: {
    answers: async ({ bob, group }) => ({
      type: 'message_read',
      message_id: (await bob.say(group.id, 'read me')).id,
    }),
  },
  token_refreshed: {
    answers: async ({ ann }) => ({ type: 'refresh_token', token: ann.bearer }),
  },
  pong: { answers: async () => ({ type: 'ping' }) },
  error: { answers: async () => ({ type: 'join_conversation', conversation_id: 'nowhere' }) },
  connected: {
    // The first frame answers the connection itself.
    answers: async () => ({}),
  },
} satisfies Kinds;
