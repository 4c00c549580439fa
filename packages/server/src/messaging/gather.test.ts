import { expect, test } from 'vitest';
import { Gather } from './gather.ts';

/** What was asked, question by question; each is answered with its letters in capitals once `answer` is called. */
function scene(most?: number) {
  const asked: string[][] = [];
  const answers: (() => void)[] = [];
  const gather = new Gather<string, string>(async (items) => {
    asked.push([...items]);
    await new Promise<void>((resolve) => answers.push(resolve));
    if (items.includes('bad')) throw new Error('not to be answered');
    return items.map((item) => item.toUpperCase());
  }, most);
  return { gather, asked, answer: () => answers.shift()?.() };
}

const turn = () => new Promise(setImmediate);

test('what comes at once, or while a question is under way, is asked for together; each has its own answer', async () => {
  const { gather, asked, answer } = scene();
  const first = Promise.all(['a', 'b'].map((item) => gather.add(item)));
  await turn();
  const second = Promise.all(['c', 'd', 'c'].map((item) => gather.add(item)));
  expect([asked, gather.isIdle]).toEqual([[['a', 'b']], false]);
  answer();
  expect(await first).toEqual(['A', 'B']);
  await turn();
  expect(asked.slice(1)).toEqual([['c', 'd', 'c']]);
  answer();
  expect(await second).toEqual(['C', 'D', 'C']);
  await turn();
  expect(gather.isIdle).toBe(true);
});

test('a question has its bounds, and one that fails is no end', async () => {
  const { gather, asked, answer } = scene(2);
  const all = Promise.allSettled(['a', 'bad', 'c'].map((item) => gather.add(item)));
  await turn();
  answer();
  await turn();
  answer();
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(asked).toEqual([['a', 'bad'], ['c']]);
});
