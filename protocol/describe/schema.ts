import * as z from 'zod';

/** The part of JSON Schema that zod makes of the protocol's schemas. */
interface Shape {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Shape[];
  oneOf?: Shape[];
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: boolean | Shape;
}

/**
 * A schema in TypeScript's notation, `?` marking what may be left out.
 * @param named schemas that are written by their name instead
 * @param io `input` for what a client sends, `output` for what it receives
 */
export function describeSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  named: ReadonlyMap<z.core.$ZodType, string> = new Map(),
): string {
  const name = named.get(schema);
  if (name !== undefined) return name;
  const json = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const known = named.get(zodSchema);
      if (known === undefined) return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      jsonSchema.type = known as 'string';
    },
  });
  return write(json as Shape, '');
}

function write(shape: Shape, indent: string): string {
  if (shape.const !== undefined) return literal(shape.const);
  if (shape.enum) return shape.enum.map(literal).join(' | ');
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) return choices.map((choice) => write(choice, indent)).join(' | ');
  if (shape.items) return arrayOf(write(shape.items, indent));
  if (shape.properties) return writeObject(shape, indent);
  if (typeof shape.additionalProperties === 'object')
    return `Record<string, ${write(shape.additionalProperties, indent)}>`;
  return [shape.type ?? 'unknown']
    .flat()
    .map((type) => (type === 'integer' ? 'number' : type))
    .join(' | ');
}

function writeObject({ properties = {}, required = [] }: Shape, indent: string): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) return '{}';
  const inner = `${indent}  `;
  const lines = entries.map(
    ([key, value]) => `${inner}${key}${required.includes(key) ? '' : '?'}: ${write(value, inner)};`,
  );
  return `{\n${lines.join('\n')}\n${indent}}`;
}

const literal = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
const arrayOf = (item: string) => (item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`);
