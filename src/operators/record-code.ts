/**
 * Copies and checks records of a schema, by code that is generated for its numbers and texts: a handler works on a copy of
 * its key's state, which is kept only when the handler returned and the copy still fits the schema.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { isLong } from '../messages/exact-long.ts';
import { BOOLEAN, type FlatField, flatFields, INT, LONG, TEXT } from '../messages/flat-fields.ts';

export interface RecordCode {
  /** A new record of the fields that the schema has. */
  copy(record: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Copies into a record that copy() made before, and that nothing else holds. */
  copyInto(into: Record<string, unknown>, record: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The path of the first value that does not fit, or of a field that the schema does not have; null when all fit. */
  misfit(record: Readonly<Record<string, unknown>>): string | null;
}

export function recordCode(type: EventType<DynamicEvent>): RecordCode {
  const { fields } = type.schema;
  const flat = new Map(fields.map(({ name }) => [name, flatField(type.schema, name)]));
  const copied = (name: string): string => (flat.get(name) === null ? `clone(r.${name})` : `r.${name}`);
  const copies = fields.map(({ name }) => `${name}: ${copied(name)}`);
  const copiesInto = fields.map(({ name }) => `into.${name} = ${copied(name)};`);
  const checks = [...flat].flatMap(([name, field]) => {
    return field === null ? [] : [`if (!(${checkCode(`r.${name}`, field)})) return '${name}';`];
  });
  const isWhole = [...flat.values()].every((field) => field !== null);
  const rest = isWhole ? 'null' : 'deep(r)';
  const deep = (record: DynamicEvent): string | null => type.invalidPath(record)?.join('.') ?? null;
  const stray = (record: DynamicEvent): string => {
    const names = fields.map(({ name }) => name);
    return [...Object.keys(record), ...names].find((name) => !names.includes(name) || !(name in record)) ?? '';
  };
  // Names of fields are Avro names, which are names of JavaScript too; nothing else of the schema is in the code.
  const made: unknown = new Function(
    'clone',
    'isLong',
    'deep',
    'stray',
    `return {
      copy(r) { return { ${copies.join(', ')} }; },
      copyInto(into, r) { ${copiesInto.join(' ')} return into; },
      misfit(r) {
        let count = 0;
        for (const name in r) count++;
        if (count !== ${fields.length}) return stray(r);
        ${checks.join('\n')}
        return ${rest};
      },
    };`,
  )(cloned, isLong, deep, stray);
  if (!isRecordCode(made)) throw new Error(`No code for ${type.name}`);
  return made;
}

function isRecordCode(value: unknown): value is RecordCode {
  return typeof value === 'object' && value !== null && 'copy' in value && 'misfit' in value;
}

/** Null for a field that has values within it. */
function flatField(schema: AvroRecord, name: string): FlatField | null {
  const fields = schema.fields.filter((field) => field.name === name);
  const [flat, ...others] = flatFields({ ...schema, fields }) ?? [];
  return flat === undefined || others.length > 0 || flat.path.length > 1 ? null : flat;
}

function checkCode(value: string, { op, nullBranch }: FlatField): string {
  const own = valueCheck(value, op);
  return nullBranch < 0 ? own : `${value} === null || ${own}`;
}

function valueCheck(value: string, op: FlatField['op']): string {
  switch (op) {
    case INT:
      return `${value} === (${value} | 0)`;
    case LONG:
      return `(Number.isSafeInteger(${value}) || isLong(${value}))`;
    case BOOLEAN:
      return `typeof ${value} === 'boolean'`;
    case TEXT:
      return `typeof ${value} === 'string'`;
    default:
      return `typeof ${value} === 'number'`;
  }
}

/** A copy that shares nothing with the value, of plain objects, whatever decoded it. */
export function cloned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(cloned);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cloned(member)]));
}
