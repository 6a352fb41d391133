/** The types of fields, as aggregates and expressions see them. */
import { type AvroField, type AvroRecord, type AvroSchema, isUnion } from '../messages/avro.ts';
import { type DecimalForm, decimalForm } from '../messages/logical-types.ts';

/** The types that fields have, for keys, aggregates and expectations. */
export type ValueType = 'number' | 'text' | 'truth';

/** A field, or `record.field` of a nested record, which is nullable when a record around it is. */
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

/** Number or text, nulls aside; null for any other field. */
export function valueTypeOf(field: AvroField): 'number' | 'text' | null {
  const name = soleBranch(field);
  if (['int', 'long', 'float', 'double'].includes(name)) return 'number';
  return name === 'string' || name === 'enum' ? 'text' : null;
}

/** An int or a long, nulls aside. */
export function isWholeNumber(field: AvroField): boolean {
  return ['int', 'long'].includes(soleBranch(field));
}

/** The form of a decimal, nulls aside; null for any other field. */
export function decimalOfField(field: AvroField): DecimalForm | null {
  const [only, ...others] = branchesOf(field).filter((branch) => branch !== 'null');
  return others.length > 0 ? null : decimalForm(only);
}

/** The type in expressions, which also have booleans. */
export function expressionTypeOf(field: AvroField): ValueType | null {
  return soleBranch(field) === 'boolean' ? 'truth' : valueTypeOf(field);
}

export function typeName(type: AvroSchema): string {
  if (typeof type === 'string') return type;
  return isUnion(type) ? 'union' : type.type;
}

/** The only branch beside null; empty when there are several, or none. */
function soleBranch(field: AvroField): string {
  const branches = branchesOf(field)
    .map(typeName)
    .filter((name) => name !== 'null');
  return branches.length === 1 ? (branches[0] ?? '') : '';
}

function branchesOf({ type }: AvroField): readonly AvroSchema[] {
  return isUnion(type) ? type : [type];
}
