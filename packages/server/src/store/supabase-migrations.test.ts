/** Who keeps their schema with `supabase db push` must get the one that the server expects, file by file. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ours = fileURLToPath(new URL('./migrations/', import.meta.url));
const theirs = fileURLToPath(new URL('../../../../supabase/migrations/', import.meta.url));

/** The files of a folder in the order in which they are run, their names without what orders them. */
async function read(folder: string, order: RegExp): Promise<{ name: string; sql: string }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  for (const name of names) expect(name).toMatch(order);
  return Promise.all(
    names.map(async (name) => ({
      name: name.replace(order, ''),
      sql: await readFile(`${folder}${name}`, 'utf8'),
    })),
  );
}

test('supabase/migrations has the same files in the same order', async () => {
  const expected = await read(ours, /^\d{4}_/);
  expect(expected).not.toHaveLength(0);
  // The name that the Supabase CLI asks for: a time of 14 digits.
  expect(await read(theirs, /^\d{14}_parley_/)).toEqual(expected);
});
