import { invalid } from './refusal.ts';

/** As we write times, to a millisecond or a microsecond. Others that JavaScript reads would be errors to Postgres. */
const isTime = (value: string): boolean => {
  const time = new Date(value);
  const toMilliseconds = value.replace(/(\.\d{3})\d{3}Z$/, '$1Z');
  return /^\d{4}-/.test(value) && !Number.isNaN(time.getTime()) && time.toISOString() === toMilliseconds;
};

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const kinds = {
  time: (value: unknown) => typeof value === 'string' && isTime(value),
  id: (value: unknown) => typeof value === 'string' && uuid.test(value),
  text: (value: unknown) => typeof value === 'string' && value.isWellFormed() && !value.includes('\0'),
  count: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0,
} as const;

type Kind = keyof typeof kinds;
export type CursorValues<K extends readonly Kind[]> = {
  [I in keyof K]: K[I] extends 'count' ? number : string;
};

/** Where a page ended, as opaque text. */
export const writeCursor = (values: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** @throws Refusal `validation_failed` for anything that `writeCursor` did not make for this list */
export function readCursor<const K extends readonly Kind[]>(cursor: string, shape: K): CursorValues<K> {
  const values = parse(cursor);
  const fits =
    Array.isArray(values) &&
    values.length === shape.length &&
    shape.every((kind, i) => kinds[kind](values[i]));
  if (!fits) throw invalid('/cursor', 'is not a cursor of this list');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was checked against its kind
  return values as CursorValues<K>;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}
