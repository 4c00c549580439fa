import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, BusEvent, Topic } from '../messaging/ports.ts';

export const typing = (conversationId: string, userId = 'ann'): BusEvent => ({
  audience: { kind: 'conversation', conversationId, joinedOnly: true, except: userId },
  frame: { type: 'typing_start', conversation_id: conversationId, user_id: userId },
});

const toUsers = (...userIds: string[]): BusEvent => ({
  audience: { kind: 'users', userIds },
  frame: { type: 'typing_start', conversation_id: 'c', user_id: 'ann' },
});

const status = (...conversationIds: string[]): BusEvent => ({
  audience: { kind: 'conversations', conversationIds },
  frame: {
    type: 'user_status_change',
    user_id: 'ann',
    status: 'online',
    is_typing: false,
    conversation_id: null,
    last_seen_at: null,
  },
});

/** Somebody is let in, which they cannot follow yet. */
const entrance = (conversationId: string, userId: string): BusEvent => ({
  audience: { kind: 'conversation', conversationId },
  frame: {
    type: 'participant_added',
    conversation_id: conversationId,
    version: 2,
    participant_count: 2,
    participant: {
      user_id: userId,
      display_name: 'Änne 👋',
      avatar_url: null,
      role: 'participant',
      is_muted: false,
      joined_at: '2026-01-02T03:04:05.678Z',
      joined_seq: 0,
      last_read_seq: 0,
      last_delivered_seq: 0,
    },
  },
});

const conversation = (id: string): Topic => ({ kind: 'conversation', id });
const user = (id: string): Topic => ({ kind: 'user', id });

/** What every bus promises on its own node. */
export function busSuite(name: string, open: () => Promise<Bus>): void {
  describe(name, () => {
    let bus: Bus;
    beforeEach(async () => {
      bus = await open();
    });
    afterEach(() => bus.close());

    const next = (): Promise<BusEvent> => new Promise((resolve) => bus.subscribe(resolve));

    test('an event reaches every listener as it was published', async () => {
      const heard = Promise.all([next(), next()]);
      bus.publish(toUsers('ann'));
      expect(await heard).toEqual([toUsers('ann'), toUsers('ann')]);
    });

    test('who unsubscribed hears nothing', async () => {
      const heard: BusEvent[] = [];
      bus.subscribe((each) => heard.push(each))();
      const other = next();
      bus.publish(toUsers('ann'));
      await other;
      expect(heard).toEqual([]);
    });

    test('a listener that fails keeps nothing from the others, nor from whoever published', async () => {
      bus.subscribe(() => {
        throw new Error('a fault of a listener');
      });
      const heard = next();
      bus.publish(toUsers('ann'));
      expect(await heard).toEqual(toUsers('ann'));
    });

    test('what is published here is heard here at once, in order, followed or not', () => {
      const events = [typing('c1'), toUsers('bob'), status('c2'), typing('c1', 'bob')];
      const heard: BusEvent[] = [];
      bus.subscribe((each) => heard.push(each));
      for (const event of events) bus.publish(event);
      expect(heard).toEqual(events);
    });
  });
}

/** What is heard on a bus from now on. */
export function listen(bus: Bus) {
  const heard: BusEvent[] = [];
  const waiting = new Set<() => void>();
  bus.subscribe((event) => {
    heard.push(event);
    for (const arrived of waiting) arrived();
    waiting.clear();
  });
  return {
    heard,
    /** Resolves once this was heard. */
    async until(event: BusEvent): Promise<void> {
      const wanted = JSON.stringify(event);
      while (!heard.some((each) => JSON.stringify(each) === wanted))
        await new Promise<void>((resolve) => waiting.add(resolve));
    },
  };
}

/** Follows, and waits until it has taken effect. */
export async function followed(bus: Bus, ...topics: Topic[]): Promise<number> {
  return new Promise((resolve) => {
    const stop = bus.onUncertain((since) => {
      stop();
      resolve(since);
    });
    for (const topic of topics) bus.follow(topic);
  });
}

/** What every bus of several nodes promises between two of them. `open` answers when both hear each other. */
export function busAcrossNodesSuite(
  name: string,
  open: () => Promise<{ readonly here: Bus; readonly there: Bus }>,
): void {
  describe(name, () => {
    let here: Bus;
    let there: Bus;
    beforeEach(async () => {
      ({ here, there } = await open());
    });
    afterEach(() => Promise.all([here.close(), there.close()]));

    test('who follows a conversation or a person hears of it; of others they hear nothing', async () => {
      await followed(there, conversation('c1'), user('bob'));
      const { heard, until } = listen(there);
      for (const event of [typing('c2'), toUsers('eve'), typing('c1'), toUsers('bob')]) here.publish(event);
      await Promise.all([until(typing('c1')), until(toUsers('bob'))]);
      here.publish(status('last'));
      await until(status('last'));
      expect(heard).toHaveLength(3);
    });

    test('who is let into a conversation hears of it, although nobody there follows it yet', async () => {
      await followed(there, user('bob'));
      const { until } = listen(there);
      here.publish(entrance('c1', 'bob'));
      await until(entrance('c1', 'bob'));
    });

    test('an event for a thousand people reaches the node of one of them, once', async () => {
      await followed(there, user('u500'));
      const { heard, until } = listen(there);
      const event = toUsers(...Array.from({ length: 1000 }, (_, index) => `u${index}`));
      here.publish(event);
      await until(event);
      here.publish(status('last'));
      await until(status('last'));
      expect(heard).toHaveLength(2);
    });

    test('many events of one moment arrive each once, in their order', async () => {
      await followed(there, conversation('c1'));
      const { heard, until } = listen(there);
      const events = Array.from({ length: 2000 }, (_, index) => typing('c1', `user ${index}`));
      for (const event of events) here.publish(event);
      await until(typing('c1', 'user 1999'));
      expect(heard).toEqual(events);
    });

    test('who publishes hears it once, and not again when it comes back', async () => {
      await followed(here, conversation('c1'));
      await followed(there, conversation('c1'));
      const own = listen(here);
      here.publish(typing('c1'));
      there.publish(typing('c1', 'bob'));
      await own.until(typing('c1', 'bob'));
      expect(own.heard).toEqual([typing('c1'), typing('c1', 'bob')]);
    });

    test('to follow says since when something may have been missed: not after it was asked', async () => {
      const asked = Date.now();
      const since = await followed(there, conversation('c1'));
      expect(since).toBeLessThanOrEqual(Date.now());
      expect(since).toBeGreaterThanOrEqual(asked);
    });

    test('who comes back at once hears on, as if they had not gone', async () => {
      await followed(there, conversation('c1'));
      const { until } = listen(there);
      there.unfollow(conversation('c1'));
      there.follow(conversation('c1'));
      here.publish(typing('c1'));
      await until(typing('c1'));
    });
  });
}
