import { expect, it } from 'vitest';
import { fold, matches } from './search.ts';

it('finds names however they are typed', () => {
  const name = fold("Zoë D'Angelo, Dilan Yıldız, Lena Großmann, فَرَح");
  for (const query of ['zoe', 'ZOË', 'yildiz', 'grossmann', 'angelo dil', 'فرح'])
    expect(matches(name, fold(query)), query).toBe(true);
  expect(matches(name, fold('zoe bob'))).toBe(false);
});
