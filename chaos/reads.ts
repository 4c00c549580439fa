import type { Replica } from '@parley/client/replica';
import type { Conversation, ConversationList, MessageList, ParticipantList } from '@parley/protocol';
import type { Rest } from './rest.ts';
import type { Rooms } from './rooms.ts';

/** Messages of a conversation that its room is told of. */
const recentShown = 30;

/** Reads conversations by REST into a client's state. */
export class Reads {
  readonly #rest: Rest;
  readonly #replica: Replica;
  readonly #rooms: Rooms;

  constructor(rest: Rest, replica: Replica, rooms: Rooms) {
    this.#rest = rest;
    this.#replica = replica;
    this.#rooms = rooms;
  }

  /** Every conversation, archived ones too, with all its people and messages. */
  async everything(): Promise<void> {
    for (const archived of [false, true])
      await this.#pages<ConversationList>(`/api/conversations?archived=${archived}&`, async (list) => {
        for (const { id } of list.conversations) await this.anew(id);
      });
  }

  /** One conversation with all its people and messages. If we are no longer in it, an event will say so. */
  async anew(id: string): Promise<void> {
    const path = `/api/conversations/${id}`;
    const { status, body } = await this.#rest.get<Conversation>(path);
    if (status !== 200) return;
    this.#rooms.put(body);
    this.#replica.putConversation(body);
    if (body.participant_count > body.participants.length)
      await this.#pages<ParticipantList>(`${path}/participants?`, ({ participants }) =>
        this.#replica.putParticipants(id, participants),
      );
    await this.#pages<MessageList>(`${path}/messages?`, ({ messages }) => {
      this.#replica.putMessages(id, messages);
      for (const message of messages.slice(0, recentShown).toReversed()) this.#rooms.noteMessage(message);
    });
  }

  /** Only what is needed to act in it. */
  async room(id: string): Promise<void> {
    const { status, body } = await this.#rest.get<Conversation>(`/api/conversations/${id}`);
    if (status === 200) this.#rooms.put(body);
  }

  async #pages<L extends { next_cursor: string | null }>(
    path: string,
    put: (list: L) => void | Promise<void>,
  ): Promise<void> {
    let cursor: string | null = null;
    do {
      const onward: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { status, body } = await this.#rest.get<L>(`${path}limit=100${onward}`);
      if (status !== 200) return;
      await put(body);
      cursor = body.next_cursor;
    } while (cursor !== null);
  }
}
