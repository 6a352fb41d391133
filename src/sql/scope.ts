/** What the names of an expression refer to. */
import { type AvroField, type AvroRecord, type AvroSchema, isUnion } from '../messages/avro.ts';
import { nameHint } from '../nearest-word.ts';
import { sqlOfAvro } from './avro-type.ts';
import type { SqlType } from './type.ts';
import type { Cell, SqlValue } from './value.ts';

export interface ScopeField {
  /** As columns know it: `field` or `record.field`. */
  readonly path: string;
  readonly type: SqlType;
  /** A timestamp's number counts so many to a millisecond; 1 for all else. */
  readonly ticksPerMs: number;
  /** Of a value as the codec decodes it. */
  value(decoded: unknown): SqlValue;
  /** How many of the names it is of; the rest are members of its value. */
  readonly names: number;
  /** Present where it is a lambda's parameter, and no field. */
  readonly cell?: Cell;
}

export interface Scope {
  /** The field, or words on why there is none. */
  field(names: readonly string[]): ScopeField | { readonly wrong: string };
}

/** The fields of a record. Names match exactly, or else without regard to case where that is one field. */
export function recordScope(schema: AvroRecord): Scope {
  return {
    field(names) {
      const found = fieldIn(schema, names, []);
      if ('wrong' in found) return found;
      const sql = sqlOfAvro(found.type);
      if (sql === null) return { wrong: `${found.path.join('.')} is of a type that expressions can't read` };
      return { ...sql, path: found.path.join('.'), names: found.path.length };
    },
  };
}

/**
 * For expressions that an earlier version derived by: all numbers are doubles, dates and times among them, and names match
 * exactly.
 */
export function earlierScope(schema: AvroRecord): Scope {
  const scope = recordScope(schema);
  return {
    field(names) {
      const found = scope.field(names);
      if ('wrong' in found) return found;
      if (!['bigint', 'double', 'date', 'timestamp'].includes(found.type.kind)) return found;
      return {
        ...found,
        type: { kind: 'double' },
        ticksPerMs: 1,
        value: (decoded) => (decoded === null ? null : Number(decoded)),
      };
    },
  };
}

interface Found {
  readonly path: readonly string[];
  readonly type: AvroSchema;
}

function fieldIn(schema: AvroRecord, names: readonly string[], outer: readonly string[]): Found | { wrong: string } {
  const [name = '', ...rest] = names;
  const field = fieldNamed(schema, name);
  if ('wrong' in field) return field;
  const path = [...outer, field.name];
  const inner = recordOf(field.type);
  return rest.length === 0 || inner === null ? { path, type: field.type } : fieldIn(inner, rest, path);
}

function fieldNamed({ name: record, fields }: AvroRecord, name: string): AvroField | { readonly wrong: string } {
  const exact = fields.find((field) => field.name === name);
  if (exact !== undefined) return exact;
  const alike = fields.filter((field) => field.name.toLowerCase() === name.toLowerCase());
  const [only, ...others] = alike;
  if (only !== undefined && others.length === 0) return only;
  // What only the engine names, as what a result is computed of, is nothing to write.
  const known = fields.map((field) => field.name).filter((each) => /^\w+$/.test(each));
  if (only !== undefined) return { wrong: `${name} may be ${alike.map((field) => field.name).join(' or ')}` };
  return { wrong: `there is no field of ${record} ${JSON.stringify(name)}; ${nameHint(name, known)}` };
}

/** The record that the type is, nulls aside. */
function recordOf(type: AvroSchema): AvroRecord | null {
  const branches = isUnion(type) ? type.filter((branch) => branch !== 'null') : [type];
  const [record] = branches;
  return branches.length === 1 && typeof record === 'object' && 'fields' in record ? record : null;
}
