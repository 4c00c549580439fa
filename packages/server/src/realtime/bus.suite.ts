import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, BusEvent } from '../messaging/ports.ts';

const event = (userId: string): BusEvent => ({
  audience: { kind: 'users', userIds: [userId] },
  frame: { type: 'typing_start', conversation_id: 'c', user_id: userId },
});

/** What every bus promises. */
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
      bus.publish(event('ann'));
      expect(await heard).toEqual([event('ann'), event('ann')]);
    });

    test('who unsubscribed hears nothing', async () => {
      const heard: BusEvent[] = [];
      bus.subscribe((each) => heard.push(each))();
      const other = next();
      bus.publish(event('ann'));
      await other;
      expect(heard).toEqual([]);
    });

    test('a listener that fails keeps nothing from the others, nor from whoever published', async () => {
      bus.subscribe(() => {
        throw new Error('a fault of a listener');
      });
      const heard = next();
      bus.publish(event('ann'));
      expect(await heard).toEqual(event('ann'));
    });
  });
}
