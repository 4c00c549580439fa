/** The part of JSON Schema that Parley's frames are made of. */
export interface SchemaNode {
  readonly $id?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly const?: string | number | boolean;
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

export interface Field {
  readonly name: string;
  readonly schema: SchemaNode;
  /** Without `null`, where it may be null. */
  readonly inner: SchemaNode;
  readonly required: boolean;
  readonly nullable: boolean;
}

/** TypeBox schemas as the plain JSON Schema that they are. */
export const nodesIn = (schemas: object): Readonly<Record<string, SchemaNode>> =>
  Object.fromEntries(
    Object.entries(schemas).filter((entry): entry is [string, SchemaNode] => isNode(entry[1])),
  );

const isNode = (value: unknown): value is SchemaNode => typeof value === 'object' && value !== null;

const isNull = ({ type }: SchemaNode): boolean => type === 'null';

export function fieldsOf({ properties = {}, required = [] }: SchemaNode): Field[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    inner: schema.anyOf?.find((option) => !isNull(option)) ?? schema,
    required: required.includes(name),
    nullable: schema.anyOf?.some(isNull) ?? false,
  }));
}

/** Every shared schema that `nodes` lead to, by name, in the order in which they are met. */
export function sharedIn(nodes: readonly SchemaNode[]): Map<string, SchemaNode> {
  const found = new Map<string, SchemaNode>();
  const visit = (node: SchemaNode): void => {
    if (node.$id !== undefined) {
      if (found.has(node.$id)) return;
      found.set(node.$id, node);
    }
    for (const inner of [
      ...Object.values(node.properties ?? {}),
      ...(node.anyOf ?? []),
      ...(node.items ? [node.items] : []),
    ]) {
      visit(inner);
    }
  };
  for (const node of nodes) visit(node);
  return found;
}

/** The limits of a value in words: `1–64 characters, default text`. */
export function limitsOf({ enum: values, const: only, ...node }: SchemaNode): string {
  if (values !== undefined || only !== undefined) return defaultOf(node);
  const range = (from: number | undefined, to: number | undefined, unit: string): string => {
    if (to === undefined) return from === undefined || from < 2 ? '' : `at least ${String(from)}${unit}`;
    return `${from === undefined ? 'at most ' : `${String(from)}–`}${grouped(to)}${unit}`;
  };
  const parts = [
    range(node.minLength, node.maxLength, ' characters'),
    range(node.minimum, node.maximum, ''),
    range(undefined, node.maxItems, ' items'),
    defaultOf(node),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

const defaultOf = ({ default: value }: SchemaNode): string =>
  value === undefined ? '' : `default ${typeof value === 'string' ? value : JSON.stringify(value)}`;
