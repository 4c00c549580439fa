import type { Bus } from '../messaging/ports.ts';

export interface BusMeter {
  published(): void;
  received(): void;
}

/** The same bus, with its events counted both ways. */
export const meteredBus = (bus: Bus, meter: BusMeter): Bus => ({
  publish: (event) => {
    meter.published();
    bus.publish(event);
  },
  subscribe: (listener) =>
    bus.subscribe((event) => {
      meter.received();
      listener(event);
    }),
  follow: (topic) => bus.follow(topic),
  unfollow: (topic) => bus.unfollow(topic),
  onUncertain: (listener) => bus.onUncertain(listener),
  close: () => bus.close(),
});
