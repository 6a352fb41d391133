/**
 * Short schemas, as people write them in code: `{ count: 'int', firstAt: 'timestamp-millis', note: 'string?' }`. Each is
 * an Avro record in fewer words, and its TypeScript type is read off it. A whole Avro record may stand in its place.
 */
import {
  AVRO_PRIMITIVES,
  type AvroField,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  type FromAvro,
  TIMESTAMP_MILLIS,
} from '../messages/avro.ts';
import { isMap } from '../messages/json-map.ts';

type ShortName = Exclude<AvroPrimitive, 'null'> | 'timestamp-millis';

/** A type by name. With a question mark, the value may be null, and is null where it was not written. */
export type ShapeType = ShortName | `${ShortName}?` | Exclude<AvroSchema, string>;

/** A field with a default may be added to a state whose older snapshots lack the field. */
export type ShapeField = ShapeType | { readonly type: ShapeType; readonly default: unknown };

export type Shape = AvroRecord | { readonly [field: string]: ShapeField };

type FromShapeType<T> = ShapeType extends T ? unknown : FromKnownType<T>;
type FromKnownType<T> = T extends 'timestamp-millis'
  ? number
  : T extends `${infer Name}?`
    ? FromShapeType<Name> | null
    : FromAvro<T>;

type FromShapeField<F> = ShapeField extends F ? unknown : FromKnownField<F>;
type FromKnownField<F> = F extends { readonly type: infer T; readonly default: unknown }
  ? T extends 'enum'
    ? FromAvro<F>
    : FromShapeType<T>
  : FromShapeType<F>;

/** The TypeScript type of the values that a short schema, or an Avro record, describes. */
export type FromShape<S> = Shape extends S ? Record<string, unknown> : FromKnownShape<S>;
type FromKnownShape<S> = S extends AvroRecord ? FromAvro<S> : { -readonly [F in keyof S]: FromShapeField<S[F]> };

/** Why a schema can't be taken: what is wrong, and at which field. */
class ShapeError extends Error {}

/** The Avro record that a short schema stands for. Throws a ShapeError. */
export function recordOfShape(shape: unknown, name: string, namespace: string): AvroRecord {
  if (isAvroRecord(shape)) return { ...shape, name, namespace };
  if (!isMap(shape)) throw new ShapeError('is no schema: write a map of fields, or an Avro record');
  return {
    type: 'record',
    name,
    namespace,
    fields: Object.entries(shape).map(([field, written]) => fieldOfShape(field, written)),
  };
}

function fieldOfShape(name: string, written: unknown): AvroField {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ShapeError(`${name}: a field has letters, digits and underscore, and begins with no digit`);
  }
  if (isMap(written) && 'default' in written && written.type !== 'enum') {
    return { name, type: typeOfShape(name, written.type), default: written.default };
  }
  const type = typeOfShape(name, written);
  return typeof written === 'string' && written.endsWith('?') ? { name, type, default: null } : { name, type };
}

function typeOfShape(field: string, written: unknown): AvroSchema {
  if (typeof written === 'string') {
    if (written.endsWith('?')) return ['null', typeOfShape(field, written.slice(0, -1))];
    if (written === 'timestamp-millis') return TIMESTAMP_MILLIS;
    if (isPrimitive(written) && written !== 'null') return written;
    const known = AVRO_PRIMITIVES.filter((primitive) => primitive !== 'null').join(', ');
    throw new ShapeError(`${field}: there is no type ${JSON.stringify(written)}; known: ${known}, timestamp-millis`);
  }
  if (isAvroSchema(written)) return written;
  throw new ShapeError(`${field}: ${JSON.stringify(written) ?? 'undefined'} is no Avro type`);
}

function isPrimitive(word: string): word is AvroPrimitive {
  return AVRO_PRIMITIVES.includes(word);
}

/** Whether the value has the form of an Avro schema. Whether it is a valid one is for the codec to say. */
function isAvroSchema(value: unknown): value is AvroSchema {
  return Array.isArray(value) || (isMap(value) && 'type' in value);
}

function isAvroRecord(value: unknown): value is AvroRecord {
  return isMap(value) && value.type === 'record' && Array.isArray(value.fields);
}
