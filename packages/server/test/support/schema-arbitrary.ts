import fc from 'fast-check';

/** The parts of JSON Schema that Parley's own schemas use. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What programs choke on: wrong types, odd text, extremes, and what SQL, JSON and JavaScript each treat as special. */
const nonsense: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    null,
    '',
    ' ',
    '\0',
    '\ud800',
    'a\0b',
    '%00',
    "'; drop table parley.messages; --",
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '00000000-0000-0000-0000-000000000000',
    '01890000-0000-7000-8000-00000000000G',
    'x'.repeat(5001),
    'NaN',
    '1e309',
    -1,
    0,
    1e21,
    1.5,
    Number.MAX_SAFE_INTEGER,
    true,
    [],
    {},
    [[[[]]]],
    ['a', 'a'],
    { ['__proto__']: 1 },
    { constructor: { prototype: {} } },
    { toString: 'x' },
    { then: 'x' },
  ),
);

/** Values that fit the schema, and, one time in four at every place, values that have nothing to do with it. */
export function arbitraryOf(
  schema: Schema,
  hints: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: fitting(schema, hints) }, { weight: 1, arbitrary: nonsense });
}

function fitting(
  schema: Schema,
  hints: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((option) => fitting(option, hints)));
  switch (schema.type) {
    case 'string':
      return fc.string({
        unit: 'grapheme',
        minLength: schema.minLength ?? 0,
        maxLength: Math.min(schema.maxLength ?? 50, 50),
      });
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 2 ** 31, 2 ** 31) });
    case 'number':
      return fc.double();
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, hints), { maxLength: 5 });
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, inner]) => {
            const hint = hints[name];
            const own = arbitraryOf(inner, hints);
            return [
              name,
              hint === undefined
                ? own
                : fc.oneof({ weight: 3, arbitrary: hint }, { weight: 1, arbitrary: own }),
            ];
          }),
        ),
        { requiredKeys: [] },
      );
    default:
      return nonsense;
  }
}
