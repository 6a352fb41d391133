/**
 * Events as JSON by their schema: a decimal is a number with all its digits, other bytes are a text with a character for
 * each, as in Avro's JSON. Both are forms in which an input takes them.
 */
import type { AvroRecord } from './avro.ts';
import { isWrapped } from './avro-default.ts';
import { branchName, recordType, type SchemaType, type UnionType } from './avro-schema.ts';
import { exactJson } from './event-json.ts';
import { unscaledOf } from './logical-types.ts';
import { decimalText } from './number-text.ts';

export type JsonWriter = (value: unknown) => string;

/** The writer of a record's values. */
export function typedJson(schema: AvroRecord): JsonWriter {
  const type = recordType(schema);
  // Most events have no bytes: nothing of them needs its type.
  return hasBytes(type, []) ? writerOf(type, new Map()) : exactJson;
}

function hasBytes(type: SchemaType, open: readonly SchemaType[]): boolean {
  if (open.includes(type)) return false;
  const inner = [...open, type];
  switch (type.kind) {
    case 'bytes':
    case 'fixed':
      return true;
    case 'array':
      return hasBytes(type.items, inner);
    case 'map':
      return hasBytes(type.values, inner);
    case 'union':
      return type.branches.some((branch) => hasBytes(branch, inner));
    case 'record':
      return type.fields.some((field) => hasBytes(field.type, inner));
    default:
      return false;
  }
}

/** `known` has the writers of records, which may lie within themselves. */
function writerOf(type: SchemaType, known: Map<SchemaType, JsonWriter>): JsonWriter {
  switch (type.kind) {
    case 'bytes':
    case 'fixed': {
      const decimal = type.logical?.kind === 'decimal' ? type.logical : null;
      return (value) => {
        if (!Buffer.isBuffer(value)) return exactJson(value);
        return decimal === null
          ? JSON.stringify(value.toString('latin1'))
          : decimalText(unscaledOf(value), decimal.scale);
      };
    }
    case 'array': {
      const write = writerOf(type.items, known);
      return (value) => (Array.isArray(value) ? `[${value.map(write).join(',')}]` : exactJson(value));
    }
    case 'map': {
      const write = writerOf(type.values, known);
      return membersWriter(() => write);
    }
    case 'union':
      return unionWriter(type, known);
    case 'record': {
      const made = known.get(type);
      if (made !== undefined) return made;
      const fields = new Map<string, JsonWriter>();
      const write = membersWriter((name) => fields.get(name) ?? exactJson);
      known.set(type, write);
      for (const field of type.fields) fields.set(field.name, writerOf(field.type, known));
      return write;
    }
    default:
      return exactJson;
  }
}

function membersWriter(of: (name: string) => JsonWriter): JsonWriter {
  return (value) => {
    if (typeof value !== 'object' || value === null) return exactJson(value);
    const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${of(name)(inner)}`);
    return `{${members.join(',')}}`;
  };
}

/** The branch whose look the value has; of branches that look alike the value says by its one name which it is. */
function unionWriter(type: UnionType, known: Map<SchemaType, JsonWriter>): JsonWriter {
  const writers = type.branches.map((branch) => ({ branch, write: writerOf(branch, known) }));
  if (isWrapped(type)) {
    const named = new Map(writers.map(({ branch, write }) => [branchName(branch), write]));
    return membersWriter((name) => named.get(name) ?? exactJson);
  }
  return (value) => (writers.find(({ branch }) => isOf(value, branch))?.write ?? exactJson)(value);
}

function isOf(value: unknown, { kind }: SchemaType): boolean {
  switch (kind) {
    case 'bytes':
    case 'fixed':
      return Buffer.isBuffer(value);
    case 'array':
      return Array.isArray(value);
    case 'map':
    case 'record':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
    default:
      return false;
  }
}
