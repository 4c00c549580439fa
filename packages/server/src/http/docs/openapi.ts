import { STATUS_CODES } from 'node:http';
import type { SwaggerTransform } from '@fastify/swagger';
import { exampleOf } from './example.ts';
import { nodesIn } from './schema-nodes.ts';

/** A piece of JSON Schema or of an OpenAPI document. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands for a shared schema until the whole document is there. @fastify/swagger would follow a `$ref` at once. */
const marker = 'x-parley-schema';

/**
 * The part of what text is refined by that a regular expression can say: tools that read the document see no functions.
 * Lone surrogates, the other part, can't come in well-formed UTF-8.
 */
const textPattern = '^[^\\u0000]*$';
const isText = (node: Json): boolean => node['type'] === 'string' && '~refine' in node;

/** Collects each schema that has an `$id`, so that the document holds it once. */
export class SharedSchemas {
  readonly #found = new Map<string, unknown>();

  /** A copy of `node` in which shared schemas are references and refinements are told in standard keywords. */
  take(node: unknown): unknown {
    if (Array.isArray(node)) return node.map((item) => this.take(item));
    if (!isObject(node)) return node;
    const { $id, ...rest } = node;
    if (typeof $id !== 'string') return this.#copy(isText(node) ? { ...rest, pattern: textPattern } : rest);
    if (!this.#found.has($id)) {
      this.#found.set($id, this.#copy({ ...rest, title: $id, ...exampleFor(node) }));
    }
    return {
      [marker]: $id,
      ...(typeof node['description'] === 'string' && { description: node['description'] }),
    };
  }

  #copy(node: Json): Json {
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, this.take(value)]));
  }

  /** The document with references in place, the schemas they point to, and no tag that nothing bears. */
  finish(document: Json): Json {
    const components = isObject(document['components']) ? document['components'] : {};
    const schemas = Object.fromEntries([...this.#found].sort(([a], [b]) => a.localeCompare(b)));
    const whole = resolve({ ...document, components: { ...components, schemas } });
    return isObject(whole) ? { ...whole, tags: usedTags(whole) } : document;
  }
}

function resolve(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(resolve);
  if (!isObject(node)) return node;
  const name = node[marker];
  if (typeof name === 'string') return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
}

function usedTags({ tags, paths }: Json): unknown[] {
  const operations = Object.values(isObject(paths) ? paths : {}).flatMap((path) =>
    isObject(path) ? Object.values(path) : [],
  );
  const used = new Set(operations.flatMap((operation) => (isObject(operation) ? operation['tags'] : [])));
  return Array.isArray(tags) ? tags.filter((tag) => isObject(tag) && used.has(tag['name'])) : [];
}

/** An example for an object. Errors have none: each status has codes of its own, told in its description. */
function exampleFor(node: Json): { examples?: readonly unknown[] } {
  const { schema } = nodesIn({ schema: node });
  const fields = schema?.properties;
  if (schema === undefined || fields === undefined || 'detail' in fields) return {};
  return { examples: [exampleOf(schema)] };
}

const withExample = (node: unknown): unknown =>
  isObject(node) && node['$id'] === undefined ? { ...node, ...exampleFor(node) } : node;

/** An answer without a description of its own is described by its status. */
const described = (status: string, answer: unknown): unknown =>
  isObject(answer) ? { description: STATUS_CODES[status], ...answer } : answer;

/** Turns a route's schema into what the document is to have: shared schemas taken out, and an id for generators. */
export const routeDescriber =
  (shared: SharedSchemas): SwaggerTransform =>
  ({ schema, url, route }) => {
    // A route without a schema is no part of the API.
    if (schema === undefined) return { schema: { hide: true }, url };
    const { body, response } = schema;
    const parts: Record<string, unknown> = {};
    for (const part of ['querystring', 'params', 'headers'] as const) {
      if (schema[part] !== undefined) parts[part] = shared.take(schema[part]);
    }
    if (body !== undefined) parts['body'] = shared.take(withExample(body));
    if (isObject(response)) {
      const answers = Object.entries(response);
      parts['response'] = Object.fromEntries(
        answers.map(([status, answer]) => [status, described(status, shared.take(withExample(answer)))]),
      );
    }
    return { schema: { operationId: operationId(String(route.method), url), ...schema, ...parts }, url };
  };

/** `GET /api/conversations/:id/messages` → `get_conversations_id_messages`. */
const operationId = (method: string, url: string): string =>
  [method.toLowerCase(), ...url.split(/[^A-Za-z0-9]+/).filter((part) => part !== '' && part !== 'api')].join(
    '_',
  );
