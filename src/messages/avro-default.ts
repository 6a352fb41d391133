/** Default values of fields that the writer lacks, from the JSON of the reader's schema. */
import type { FieldType, SchemaType, UnionType } from './avro-schema.ts';
import { branchName } from './avro-schema.ts';
import { isMap } from './json-map.ts';

/** Throws when the default is no value of its type. Every event shares it, so it must not be changed. */
export function defaultOf(field: FieldType): unknown {
  return defaultValue(field.type, field.fallback, field.name);
}

function defaultValue(type: SchemaType, json: unknown, name: string): unknown {
  switch (type.kind) {
    case 'union':
      return unionValue(type, json, name);
    case 'record': {
      if (!isMap(json)) break;
      const own = json;
      return Object.fromEntries(
        type.fields.map((field) => {
          const value = Object.hasOwn(own, field.name) ? own[field.name] : field.fallback;
          return [field.name, defaultValue(field.type, value, `${name}.${field.name}`)];
        }),
      );
    }
    case 'array':
      if (!Array.isArray(json)) break;
      return json.map((item) => defaultValue(type.items, item, name));
    case 'map':
      if (!isMap(json)) break;
      return Object.fromEntries(
        Object.entries(json).map(([key, value]) => [key, defaultValue(type.values, value, name)]),
      );
    case 'bytes':
    case 'fixed':
      // Avro's JSON writes bytes as text, a character for each byte.
      if (typeof json !== 'string') break;
      return Buffer.from(json, 'latin1');
    case 'null':
      if (json !== null) break;
      return null;
    default:
      if (!isScalar(type.kind, json)) break;
      return json;
  }
  throw new Error(`the default of the field ${name} is no ${type.kind}`);
}

function isScalar(kind: string, json: unknown): boolean {
  if (kind === 'boolean') return typeof json === 'boolean';
  if (kind === 'string' || kind === 'enum') return typeof json === 'string';
  return typeof json === 'number';
}

/** The value of the first branch that has it. (Avro's specification allows the first branch alone.) */
function unionValue(union: UnionType, json: unknown, name: string): unknown {
  for (const branch of union.branches) {
    try {
      const value = defaultValue(branch, json, name);
      return value === null || !isWrapped(union) ? value : { [branchName(branch)]: value };
    } catch {}
  }
  throw new Error(`the default of the field ${name} is of none of its union's types`);
}

/** Whether avsc tells its branches apart by name: two of them are numbers, or texts, bytes or objects. */
export function isWrapped({ branches }: UnionType): boolean {
  const looks = branches.map(({ kind }) => LOOKS[kind] ?? kind);
  return new Set(looks).size < looks.length;
}

const LOOKS: Readonly<Record<string, string>> = {
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'buffer',
  fixed: 'buffer',
  string: 'string',
  enum: 'string',
  record: 'object',
  map: 'object',
};
