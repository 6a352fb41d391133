/** The types of derived events: a field as it is keeps its own, what is computed may be null. */
import { type AvroField, type AvroRecord, type AvroSchema, isUnion } from '../messages/avro.ts';
import type { Checked } from '../sql/checked.ts';
import type { SqlType } from '../sql/type.ts';
import { fieldAt, typeName } from './field-type.ts';

/** Of an element of a list that is taken apart, which may be null. `name` is the derived field's. */
export function elementType(name: string, list: Checked, schema: AvroRecord): AvroSchema | null {
  const type = selectedType(name, list, schema);
  if (type === null) return null;
  const branches = isUnion(type) ? type : [type];
  const array = branches.find((branch) => typeof branch === 'object' && 'items' in branch);
  if (typeof array !== 'object' || !('items' in array)) return null;
  const items = isUnion(array.items) ? array.items : [array.items];
  return items.includes('null') ? items : ['null', ...items];
}

/** `name` is the derived field's. Null for what Avro has no type for, such as an interval. */
export function selectedType(name: string, expression: Checked, schema: AvroRecord): AvroSchema | null {
  if (expression.kind === 'field') {
    const field = fieldAt(schema, expression.field.path);
    if (field !== undefined) return ownNames(field.type, name);
  }
  if (expression.kind === 'constant' && typeof expression.value === 'string') return 'string';
  const type = avroType(expression.type, name);
  return type === null ? null : ['null', type];
}

/** A schema may define a name only once, and two fields may be of one enum or record: an enum is text, a record is renamed. */
function ownNames(type: AvroSchema, name: string): AvroSchema {
  if (isUnion(type)) {
    const branches = type.map((branch, i) => ownNames(branch, i === 0 ? name : `${name}_${i}`));
    return branches.length === 1 ? (branches[0] ?? branches) : branches;
  }
  if (typeof type === 'string' || typeName(type) === 'enum') return typeof type === 'string' ? type : 'string';
  switch (type.type) {
    case 'array':
      return { ...type, items: ownNames(type.items, `${name}_item`) };
    case 'map':
      return { ...type, values: ownNames(type.values, `${name}_value`) };
    case 'record': {
      const fields = type.fields.map((field) => ({ ...field, type: ownNames(field.type, `${name}_${field.name}`) }));
      const { namespace: _, ...record } = type;
      return { ...record, name: `${name}_record`, fields };
    }
    default:
      return type;
  }
}

/** Of what is computed, nulls aside. Null for what Avro has no type for. `name` is what names of records begin with. */
export function avroType(type: SqlType, name: string): AvroSchema | null {
  switch (type.kind) {
    case 'null':
    case 'bigint':
      return 'long';
    case 'boolean':
    case 'double':
      return type.kind;
    case 'varchar':
      return 'string';
    case 'blob':
      return 'bytes';
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-millis' };
    case 'list': {
      const items = avroType(type.of, `${name}_item`);
      return items === null ? null : { type: 'array', items: ['null', items] };
    }
    case 'map': {
      const values = avroType(type.values, `${name}_value`);
      return values === null ? null : { type: 'map', values: ['null', values] };
    }
    case 'struct': {
      const fields = type.fields.flatMap((field): AvroField | [] => {
        const own = avroType(field.type, `${name}_${field.name}`);
        return own === null || !AVRO_NAME.test(field.name) ? [] : { name: field.name, type: ['null', own] };
      });
      return fields.length < type.fields.length ? null : { type: 'record', name: `${name}_record`, fields };
    }
    default:
      return logicalOf(type);
  }
}

const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Null for an interval, which Avro has only in months, days and ms of 32 bits. */
function logicalOf(type: SqlType): AvroSchema | null {
  if (type.kind === 'date') return { type: 'int', logicalType: 'date' };
  if (type.kind !== 'decimal') return null;
  return { type: 'bytes', logicalType: 'decimal', precision: type.precision, scale: type.scale };
}
