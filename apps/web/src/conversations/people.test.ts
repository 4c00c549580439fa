import { expect, it } from 'vitest';
import { suggest, type Person } from './people.ts';

const person = (user_id: string, display_name: string): Person => ({
  user_id,
  display_name,
  avatar_url: null,
});
const known = [person('u-1', 'Zoë Mendes'), person('u-2', 'Bob'), person('bob', 'Robert')];
const ids = (query: string, except: readonly string[] = []): string[] =>
  suggest(known, query, new Set(except)).map((each) => each.user_id);

it('suggests people by name and by id, and whoever bears exactly that id', () => {
  expect(ids('')).toEqual(['u-1', 'u-2', 'bob']);
  expect(ids('zoe')).toEqual(['u-1', 'zoe']);
  expect(ids('bob')).toEqual(['u-2', 'bob']);
  expect(ids('u-1', ['u-1'])).toEqual([]);
  expect(ids('ann@example.org')).toEqual(['ann@example.org']);
});

it('puts those first whose name begins like that', () => {
  expect(ids('o')).toEqual(['u-1', 'u-2', 'bob', 'o']);
  expect(ids('ro')).toEqual(['bob', 'ro']);
  expect(suggest([person('x', 'Nobody'), person('y', 'Bo')], 'bo', new Set())[0]?.user_id).toBe('y');
});

it('offers no id where nobody can be asked for it', () => {
  expect(suggest(known, 'zoe', new Set(), false).map((each) => each.user_id)).toEqual(['u-1']);
  expect(suggest(known, 'ann@example.org', new Set(), false)).toEqual([]);
});

it('takes nothing for an id that can be none', () => {
  expect(ids('nobody at all')).toEqual([]);
  expect(ids('system')).toEqual([]);
  expect(ids('x'.repeat(129))).toEqual([]);
});
