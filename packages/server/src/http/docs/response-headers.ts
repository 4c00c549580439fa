import { isObject, type Json } from './openapi.ts';

const text = (description: string) => ({ description, schema: { type: 'string' } });
const count = (description: string) => ({ description, schema: { type: 'integer', minimum: 0 } });

/** What answers carry beside their bodies, by name. */
const known: Readonly<Record<string, Json>> = {
  'X-Request-Id': text(
    "The request's id in the logs: the caller's own, where it sent a short and plain one.",
  ),
  'X-RateLimit-Limit': count(
    'How many requests of this type the window allows. Absent where limits are off.',
  ),
  'X-RateLimit-Remaining': count('How many of them are left.'),
  'X-RateLimit-Reset': count('When the window ends: Unix time in seconds.'),
  'Retry-After': count('Seconds after which a retry makes sense.'),
  'WWW-Authenticate': text('`Bearer`.'),
  'Idempotency-Replayed': {
    description: 'There where this is a retry: nothing was created, and this is the original.',
    schema: { type: 'string', const: 'true' },
  },
};

/** The document with the headers of each answer, told once under its components. */
export function withResponseHeaders(document: Json): Json {
  return {
    ...document,
    components: { ...asObject(document['components']), headers: known },
    paths: mapValues(document['paths'], (path) => mapValues(path, withHeaders)),
  };
}

function withHeaders(operation: unknown): unknown {
  if (!isObject(operation) || !isObject(operation['responses'])) return operation;
  const { responses, parameters } = operation;
  const limited = '429' in responses;
  const creates =
    Array.isArray(parameters) && parameters.some((one) => isObject(one) && one['name'] === 'idempotency-key');
  const described = Object.entries(responses).map(([status, answer]): [string, unknown] => {
    const names = namesOf(status, { limited, creates });
    return [
      status,
      isObject(answer)
        ? { ...answer, headers: { ...asObject(answer['headers']), ...references(names) } }
        : answer,
    ];
  });
  return { ...operation, responses: Object.fromEntries(described) };
}

const namesOf = (status: string, { limited, creates }: { limited: boolean; creates: boolean }): string[] => [
  'X-Request-Id',
  ...(limited ? ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'] : []),
  ...(status === '401' ? ['WWW-Authenticate'] : []),
  ...(status === '429' || status === '503' ? ['Retry-After'] : []),
  ...(creates && (status === '200' || status === '201') ? ['Idempotency-Replayed'] : []),
];

const references = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const asObject = (value: unknown): Json => (isObject(value) ? value : {});

const mapValues = (node: unknown, change: (value: unknown) => unknown): unknown =>
  isObject(node)
    ? Object.fromEntries(Object.entries(node).map(([key, value]) => [key, change(value)]))
    : node;
