/** What aggregates and expressions see of a field of a schema. */
import type { AvroField, AvroRecord, AvroSchema } from '../messages/avro.ts';
import type { ValueType } from './expression.ts';

/** A field, or `record.field` of a nested record: one that may be null where a record around it may be. */
export function fieldAt(schema: AvroRecord, path: string): AvroField | undefined {
  const [name, ...rest] = path.split('.');
  const field = schema.fields.find((candidate) => candidate.name === name);
  if (field === undefined || rest.length === 0) return field;
  const branches = branchesOf(field);
  const [record, ...others] = branches.filter((branch) => branch !== 'null');
  if (others.length > 0 || typeof record !== 'object' || !('fields' in record)) return undefined;
  const inner = fieldAt(record, rest.join('.'));
  if (inner === undefined || !branches.includes('null') || branchesOf(inner).includes('null')) return inner;
  return { ...inner, type: ['null', ...branchesOf(inner)] };
}

/** Of a number or text, nulls aside; null for anything else. */
export function valueTypeOf(field: AvroField): 'number' | 'text' | null {
  const name = soleBranch(field);
  if (['int', 'long', 'float', 'double'].includes(name)) return 'number';
  return name === 'string' || name === 'enum' ? 'text' : null;
}

/** Also of what is true or false. */
export function expressionTypeOf(field: AvroField): ValueType | null {
  return soleBranch(field) === 'boolean' ? 'truth' : valueTypeOf(field);
}

export function typeName(type: AvroSchema): string {
  if (typeof type === 'string') return type;
  return isUnion(type) ? 'union' : type.type;
}

export function isUnion(type: AvroSchema): type is readonly AvroSchema[] {
  return Array.isArray(type);
}

/** Empty when there are several beside null, or none. */
function soleBranch(field: AvroField): string {
  const branches = branchesOf(field)
    .map(typeName)
    .filter((name) => name !== 'null');
  return branches.length === 1 ? (branches[0] ?? '') : '';
}

function branchesOf({ type }: AvroField): readonly AvroSchema[] {
  return isUnion(type) ? type : [type];
}
