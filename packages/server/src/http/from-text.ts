/** The part of a query's schema that says how its text is to be read. */
interface Shape {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
}

const booleans = new Map([
  ['true', true],
  ['false', false],
]);

/** `true` and `false` as booleans, in any case, as some clients write `True`; all else as it is. */
export const booleanFromText = (value: string): boolean | string =>
  booleans.get(value.toLowerCase()) ?? value;

const readers: Readonly<Record<string, (value: unknown) => unknown>> = {
  integer: (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value),
  boolean: (value) => (typeof value === 'string' ? booleanFromText(value) : value),
  // A list of one looks like no list.
  array: (value) => [value].flat(),
};

/**
 * Reads a query as its schema means it. What does not read as that stays text, for the check to refuse: `?page=true`
 * is no first page.
 */
export function fromText({ properties = {} }: Shape): (query: unknown) => object {
  const readerOf = new Map(Object.entries(properties).map(([name, { type }]) => [name, readers[type ?? '']]));
  return (query) =>
    Object.fromEntries(
      Object.entries(query ?? {}).map(([name, value]) => [name, readerOf.get(name)?.(value) ?? value]),
    );
}
