import { expect, test, vi } from 'vitest';
import { Availability, type DatabaseState } from './availability.ts';

/** An availability whose probes are answered by the test, one after another. */
function watched() {
  const states: DatabaseState[] = [];
  const probes: PromiseWithResolvers<'available' | 'read-only'>[] = [];
  const availability = new Availability({
    probe: () => {
      const probe = Promise.withResolvers<'available' | 'read-only'>();
      probes.push(probe);
      return probe.promise;
    },
    pauseMs: 1,
    onChange: (state) => states.push(state),
  });
  const probe = (number: number) =>
    vi.waitFor(() => probes[number - 1] ?? expect.fail(`probe ${number} was not made`), { interval: 1 });
  return { availability, states, probe, probes };
}

const refused = new Error('refused');

test('a killed Postgres that answers its last statement while it is probed is found to be away all the same', async () => {
  const { availability, states, probe } = watched();
  availability.suspect(new Error('a connection broke'));
  const first = await probe(1);
  availability.answered();
  availability.suspect(new Error('the next one broke'));
  first.reject(refused);
  (await probe(2)).reject(refused);
  await vi.waitFor(() => expect(states).toEqual(['away']));
  (await probe(3)).resolve('available');
  await vi.waitFor(() => expect(states).toEqual(['away', 'available']));
});

test('a Postgres that takes no further connection and goes on answering is not away', async () => {
  const { availability, states, probe, probes } = watched();
  availability.suspect(new Error('no connection'));
  const first = await probe(1);
  availability.answered();
  first.reject(refused);
  await vi.waitFor(() => expect(availability.isDoubtful).toBe(false));
  expect(states).toEqual([]);
  expect(probes).toHaveLength(1);
});
