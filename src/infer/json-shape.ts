/** What the values of one place in JSON may be, merged value after value. */
import { annotated } from '../messages/annotated.ts';
import type { AvroField, AvroSchema } from '../messages/avro.ts';
import { type ColumnKinds, createColumnKinds } from './column-kinds.ts';

export interface JsonShape {
  /** Values there, null among them. */
  count: number;
  nulls: number;
  booleans: number;
  /** Numbers: null before the first. */
  numbers: { readonly kinds: ColumnKinds } | null;
  texts: { readonly kinds: ColumnKinds } | null;
  items: JsonShape | null;
  /** Of objects. */
  fields: Map<string, JsonShape> | null;
  objects: number;
}

/** An object of more different names is a map. */
const FIELDS_MAX = 100;
const DEPTH_MAX = 20;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function emptyShape(): JsonShape {
  return { count: 0, nulls: 0, booleans: 0, numbers: null, texts: null, items: null, fields: null, objects: 0 };
}

export function addValue(shape: JsonShape, value: unknown, depth = 0): void {
  shape.count += 1;
  if (value === null || depth > DEPTH_MAX) shape.nulls += 1;
  else if (typeof value === 'boolean') shape.booleans += 1;
  else if (typeof value === 'number') {
    shape.numbers ??= { kinds: createColumnKinds() };
    shape.numbers.kinds.take(
      Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value).toString() : String(value),
    );
  } else if (typeof value === 'string') {
    shape.texts ??= { kinds: createColumnKinds() };
    shape.texts.kinds.take(value === '' ? EMPTY : value);
  } else if (Array.isArray(value)) {
    shape.items ??= emptyShape();
    for (const item of value) addValue(shape.items, item, depth + 1);
  } else if (typeof value === 'object') {
    shape.fields ??= new Map();
    shape.objects += 1;
    for (const [name, own] of Object.entries(value)) {
      const field = shape.fields.get(name) ?? emptyShape();
      if (shape.fields.size > FIELDS_MAX * 10) break;
      shape.fields.set(name, field);
      addValue(field, own, depth + 1);
    }
  }
}

/** In JSON an empty text is a text as any other, where in CSV it may be none. */
const EMPTY = '\u0000';

/** Whether null has stood there, or nothing, among so many objects. */
export function isNullableIn(shape: JsonShape, objects: number): boolean {
  return shape.nulls > 0 || shape.count < objects;
}

/** The type of what is not null. `path` makes names for records within. */
export function schemaOf(shape: JsonShape, path: string): AvroSchema {
  const branches: AvroSchema[] = [];
  if (shape.booleans > 0) branches.push('boolean');
  if (shape.numbers !== null) branches.push(numberType(shape.numbers.kinds));
  // Beside a number a time would be a second number.
  if (shape.texts !== null) branches.push(shape.numbers === null ? textType(shape.texts.kinds) : 'string');
  if (shape.items !== null)
    branches.push({ type: 'array', items: withNull(shape.items, schemaOf(shape.items, `${path}_item`)) });
  if (shape.fields !== null) branches.push(objectType(shape.fields, shape.objects, path));
  const [only, second] = branches;
  if (only === undefined) return 'string';
  return second === undefined ? only : branches;
}

function withNull(shape: JsonShape, type: AvroSchema): AvroSchema {
  if (shape.nulls === 0) return type;
  return Array.isArray(type) ? ['null', ...type] : ['null', type];
}

function objectType(fields: Map<string, JsonShape>, objects: number, path: string): AvroSchema {
  const names = [...fields.keys()];
  const isRecord = names.length > 0 && names.length <= FIELDS_MAX && names.every((name) => NAME.test(name));
  if (isRecord) {
    const own = [...fields].map(([name, shape]): AvroField => {
      const type = schemaOf(shape, `${path}_${name}`);
      return isNullableIn(shape, objects)
        ? { name, type: Array.isArray(type) ? ['null', ...type] : ['null', type], default: null }
        : { name, type };
    });
    return { type: 'record', name: recordName(path), fields: own };
  }
  const all = emptyShape();
  for (const shape of fields.values()) merge(all, shape);
  return { type: 'map', values: withNull(all, schemaOf(all, `${path}_value`)) };
}

function merge(into: JsonShape, from: JsonShape): void {
  into.count += from.count;
  into.nulls += from.nulls;
  into.booleans += from.booleans;
  into.objects += from.objects;
  if (from.numbers !== null)
    into.numbers = into.numbers === null ? from.numbers : { kinds: wider(into.numbers.kinds, from.numbers.kinds) };
  if (from.texts !== null) into.texts = into.texts === null ? from.texts : { kinds: plainText() };
  if (from.items !== null) {
    into.items ??= emptyShape();
    merge(into.items, from.items);
  }
  for (const [name, shape] of from.fields ?? []) {
    into.fields ??= new Map();
    const known = into.fields.get(name) ?? emptyShape();
    into.fields.set(name, known);
    merge(known, shape);
  }
}

const WIDTHS = ['int', 'long', 'double'];

function wider(one: ColumnKinds, other: ColumnKinds): ColumnKinds {
  return WIDTHS.indexOf(one.kind().name) < WIDTHS.indexOf(other.kind().name) ? other : one;
}

function plainText(): ColumnKinds {
  const kinds = createColumnKinds();
  kinds.take('plain text');
  return kinds;
}

function numberType(kinds: ColumnKinds): AvroSchema {
  const { name } = kinds.kind();
  return name === 'int' || name === 'long' ? name : 'double';
}

function textType(kinds: ColumnKinds): AvroSchema {
  const { name } = kinds.kind();
  if (kinds.blanks.size > 0) return 'string';
  if (name === 'date') return annotated('int', 'date');
  if (name === 'instant') return annotated('long', kinds.isFine ? 'timestamp-micros' : 'timestamp-millis');
  if (name === 'local') return annotated('long', kinds.isFine ? 'local-timestamp-micros' : 'local-timestamp-millis');
  return name === 'uuid' ? annotated('string', 'uuid') : 'string';
}

function recordName(path: string): string {
  return path
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
