import { serverFrames } from '@parley/protocol';
import { Compile } from 'typebox/compile';

/** RFC 3339 in UTC with milliseconds, as the contract has every time. */
const timestamp = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$';

/** The same schema, but an object that says nothing of further fields has none, and times are exact. */
function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, strict(value)]));
  if ('properties' in copy && !('additionalProperties' in copy)) copy['additionalProperties'] = false;
  if (copy['format'] === 'date-time') copy['pattern'] = timestamp;
  delete copy['$id'];
  return copy;
}

const plain = (schema: unknown): object => JSON.parse(JSON.stringify(schema));

const checks = new Map(
  Object.entries(serverFrames).map(([type, schema]) => [type, Compile(strict(plain(schema)) as object)]),
);

/** What is undeclared, missing or wrong in a frame that the server sent; null for a good one. */
export function frameProblem(frame: unknown): string | null {
  const type = typeof frame === 'object' && frame !== null && 'type' in frame ? String(frame.type) : '';
  const check = checks.get(type);
  if (check === undefined) return `no frame of type "${type}" is declared`;
  if (check.Check(frame)) return null;
  const [first] = check.Errors(frame);
  return `${type}${first?.instancePath ?? ''}: ${first?.message ?? 'is wrong'} (${first?.keyword ?? ''})`;
}
