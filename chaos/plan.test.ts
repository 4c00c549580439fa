import { expect, test } from 'vitest';
import { faultKinds, planFaults } from './faults.ts';
import { planWorld, type Options } from './plan.ts';
import { addVersion, type Ranges } from './records.ts';
import { planSteps } from './workload.ts';

const options: Options = {
  seed: 42,
  seconds: 60,
  clients: 50,
  nodes: 3,
  workers: 1,
  faults: null,
  quick: false,
  verbose: false,
  json: false,
};

test('a run that failed can be repeated: the seed alone decides who does what and what breaks when', () => {
  const plan = (seed: number) => ({
    world: planWorld({ ...options, seed }),
    faults: planFaults({ ...options, seed }),
    steps: planSteps(seed, 60_000, 7),
  });
  expect(plan(42)).toEqual(plan(42));
  expect(plan(43).faults).not.toEqual(plan(42).faults);
  expect(plan(43).steps).not.toEqual(plan(42).steps);
});

test('how many processes the clients are spread over changes nothing of what they do', () => {
  expect(planWorld({ ...options, workers: 2 })).toEqual(planWorld(options));
});

test('a short run meets every kind of fault', () => {
  for (const seed of [1, 2, 3]) {
    const met = new Set(planFaults({ ...options, seed, seconds: 30 }).map(({ kind }) => kind));
    expect([...met].toSorted()).toEqual(Object.keys(faultKinds).toSorted());
  }
});

test('versions are kept as ranges, in whatever order they came', () => {
  const ranges: Ranges = [];
  for (const version of [1, 2, 3, 7, 8, 2, 5]) addVersion(ranges, version);
  expect(ranges).toEqual([
    [1, 3],
    [7, 8],
    [5, 5],
  ]);
});
