/** Who is in a conversation, where that takes several reads and people come and go meanwhile. */
import type { Participant } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStorage, type AnyMessage, type ParleyConversation } from '../src/index.ts';
import { limits } from '../src/replica/limits.ts';
import { openStage, until, type Stage } from './support/people.ts';
import { freshSeed, random } from './support/random.ts';

const steps = 40;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

interface Shown {
  readonly version: number | undefined;
  readonly people: readonly string[];
  readonly messages: readonly string[];
}

/** Above 200 people others' receipts are not told. */
function shownOf(
  version: number | undefined,
  people: readonly Participant[],
  messages: readonly Pick<AnyMessage, 'content' | 'status'>[],
): Shown {
  const isLarge = people.length > limits.receiptAudience;
  const marks = (one: Participant) => (isLarge ? '' : `${one.last_read_seq} ${one.last_delivered_seq}`);
  return {
    version,
    people: people.map((one) => `${one.user_id} ${one.joined_seq} ${marks(one)}`),
    messages: messages.map(({ content, status }) => `${content} ${status}`),
  };
}

test.each([
  [limits.participantsShown, 1],
  [limits.participantsShown, freshSeed],
  [limits.receiptAudience, 100],
  [limits.receiptAudience, 104],
  [limits.receiptAudience, 126],
  [limits.receiptAudience, freshSeed],
])('around %i people, of whom some come and go (seed %i)', async (size, seed) => {
  const pick = random(seed);
  const host = await stage.server.person(`host-${size}-${seed}`);
  const bob = await stage.server.person(`bob-${size}-${seed}`);
  const ann = `ann-${size}-${seed}`;
  const here = Array.from({ length: size - 4 + pick(4) }, (_, n) => `person-${size}-${seed}-${n}`);
  const away: string[] = [];
  const room = await host.group({ id: ann }, bob, ...here.map((id) => ({ id })));
  const path = `/api/conversations/${room.id}`;
  const first = await host.say(room.id, 'first');
  const storage = memoryStorage();
  let parley = stage.client(ann, { storage });
  await parley.connect();
  let view: ParleyConversation = parley.conversation(room.id);
  let sent: Promise<unknown>[] = [];
  const arrive = async (): Promise<void> => {
    const all = sent;
    sent = [];
    await Promise.all(all);
  };
  for (let step = 0; step < steps; step++) {
    switch (pick(9)) {
      case 0:
      case 1:
      case 2: {
        const [gone = ''] = here.splice(pick(here.length), 1);
        away.push(gone);
        sent.push(host.delete(`${path}/participants/${gone}`));
        break;
      }
      case 3:
      case 4: {
        await arrive();
        const back = (pick(2) === 0 ? away.pop() : undefined) ?? `newcomer-${size}-${seed}-${step}`;
        here.push(back);
        sent.push(host.post(`${path}/participants`, { user_id: back }));
        break;
      }
      case 5:
        sent.push(host.say(room.id, `message ${step}`), bob.post(`/api/messages/${first.id}/read`));
        break;
      case 6:
        await stage.cable.cut();
        await stage.cable.mend();
        break;
      case 7:
        await parley.close();
        parley = stage.client(ann, { storage });
        void parley.connect();
        view = parley.conversation(room.id);
        break;
      default:
        sent.push((pick(2) === 0 ? view.open() : view.loadParticipants()).catch(() => undefined));
    }
  }
  await arrive();
  parley.wake();
  await until(parley, ({ connection }) => connection.status === 'live');
  await view.open();
  const fresh = async (): Promise<Shown> => {
    const { version } = await parley.api.getConversation(room.id);
    const people: Participant[] = [];
    for await (const one of parley.api.listParticipants(room.id, { limit: 100 })) people.push(one);
    const { messages } = await parley.api.listMessages(room.id);
    return shownOf(version, people, messages.toReversed());
  };
  // Receipts may still be on their way: what is shown has to come to be what is read.
  await expect
    .poll(async () => {
      while (await view.loadParticipants());
      const { conversation, participants, messages } = view.getSnapshot();
      return [shownOf(conversation?.version, participants, messages), await fresh()];
    })
    .toSatisfy(([shown, read]: Shown[]) => {
      expect(shown).toEqual(read);
      return true;
    });
  await parley.close();
});
