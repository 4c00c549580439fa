/** Where the tests of events' meaning play: people, what they do, and what a kind of event must show. */
import { expect, onTestFinished } from 'vitest';
import type { Conversation, Message, ServerFrame } from '@parley/protocol';
import { png } from '../../src/blobs/images.fixture.ts';
import { Follower } from '../support/follower.ts';
import type { Person, TestServer } from '../support/server.ts';

/** Four people; Ann, Bob and Cem are in a group, Dora is in none of theirs. */
export interface Scene {
  readonly server: TestServer;
  readonly ann: Person;
  readonly bob: Person;
  readonly cem: Person;
  readonly dora: Person;
  readonly group: Conversation;
  /** From here on these people follow by events alone. */
  follow(...people: readonly Person[]): Promise<Follower[]>;
}

export type Scenarios = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

export type Kind =
  /** Changes what a fresh read gives. */
  | { readonly durable: Scenarios }
  /** Tells what `GET /users/status` answers about Ann; Bob has the conversation open. */
  | { readonly ephemeral: (scene: Scene, ann: Follower) => Promise<unknown> }
  /** Answers this frame of Ann's, and changes nothing by itself. */
  | { readonly answers: (scene: Scene) => Promise<object> };

export type Kinds = Partial<Record<ServerFrame['type'], Kind>>;

export const path = ({ id }: { id: string }): string => `/api/conversations/${id}`;
export const memberPath = (conversation: Conversation, person: { id: string }): string =>
  `${path(conversation)}/participants/${person.id}`;

export async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}

export const edit = (by: Person, { id }: Message, content: string) =>
  ok(by.put(`/api/messages/${id}`, { content }));
export const erase = (by: Person, { id }: Message) => ok(by.delete(`/api/messages/${id}`));
export const read = (by: Person, { id }: Message) => ok(by.post(`/api/messages/${id}/read`));
export const add = (by: Person, group: Conversation, who: { id: string }, more: object = {}) =>
  ok(by.post(`${path(group)}/participants`, { user_id: who.id, ...more }));
export const remove = (by: Person, group: Conversation, who: { id: string }) =>
  ok(by.delete(memberPath(group, who)));
export const change = (by: Person, group: Conversation, who: Person, changes: object) =>
  ok(by.put(memberPath(group, who), changes));
export const update = (by: Person, group: Conversation, changes: object) => ok(by.put(path(group), changes));

/** A newer token of somebody, with another name. */
export async function renamed(
  server: TestServer,
  { id }: Person,
  name: string,
  picture?: string,
): Promise<Person> {
  const person = await server.person(id, { user_metadata: { full_name: name, avatar_url: picture } });
  await ok(person.get('/api/conversations'));
  return person;
}

export async function upload(by: Person, group: Conversation, caption?: string): Promise<Message> {
  const form = new FormData();
  if (caption !== undefined) form.append('content', caption);
  form.append('file', new File([new Uint8Array(await png(60, 40))], 'sea.png', { type: 'image/png' }));
  return ok(by.post<Message>(`${path(group)}/upload`, form));
}

export const crowd = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${index} of ${Math.random()}` }));

/** 250 letters, most of them of two UTF-16 units: whoever counts units cuts it too early, and through a letter. */
export const long = '😀'.repeat(150) + 'é'.repeat(60) + '𝒳'.repeat(40);

export async function openScene(server: TestServer): Promise<Scene & { readonly followers: Follower[] }> {
  const person = () => server.person();
  const [ann, bob, cem, dora] = await Promise.all([person(), person(), person(), person()]);
  // Everybody's name is known before anything is compared.
  await Promise.all([ann, bob, cem, dora].map((each) => ok(each.get('/api/conversations'))));
  const followers: Follower[] = [];
  onTestFinished(() => {
    for (const each of followers) if (each.isConnected) each.socket.close();
  });
  const follow = async (...people: readonly Person[]) => {
    const fresh = await Promise.all(people.map((each) => Follower.of(each)));
    followers.push(...fresh);
    return fresh;
  };
  return { server, ann, bob, cem, dora, group: await ann.group(bob, cem), followers, follow };
}
