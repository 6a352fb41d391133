/**
 * Results of a window. Each window has an Avro record of its own with a field for each aggregate, so a result carries no
 * names, and the log's schema says what is in it.
 */
import {
  type AvroField,
  type AvroRecord,
  type AvroSchema,
  type FromAvro,
  isUnion,
  NAMESPACE,
  TIMESTAMP_MILLIS,
} from './avro.ts';
import { type EventType, eventTypeOf } from './codec.ts';
import { type Columns, textAt } from './columns.ts';
import { escapedName, plainName } from './escaped-name.ts';
import type { KeyValue } from './key-values.ts';
import { decimalForm } from './logical-types.ts';
import { type JsonWriter, typedJson } from './typed-json.ts';

const headSchema = {
  type: 'record',
  name: 'WindowResult',
  namespace: NAMESPACE,
  doc: 'One result of one window and key. A higher revision replaces a lower one.',
  fields: [
    {
      name: 'key',
      type: ['null', 'string'],
      doc: 'null: one group for the whole stream. Several values are a JSON array.',
    },
    { name: 'start', type: TIMESTAMP_MILLIS },
    { name: 'end', type: TIMESTAMP_MILLIS, doc: 'Exclusive.' },
    {
      name: 'revision',
      type: 'int',
      doc: '0 is the result on time; each later one corrects it. Early ones are below 0.',
    },
    { name: 'at', type: TIMESTAMP_MILLIS, doc: 'The watermark or event time that made it fire.' },
    { name: 'count', type: 'long' },
  ],
} as const satisfies AvroRecord;

/** The result of an aggregate, or of what is computed of them. */
export type WindowValue = WindowItem | boolean | null | readonly (WindowItem | null)[] | NestedValue;
/** Bytes are those of a decimal. */
type WindowItem = number | bigint | string | Buffer;
/** A computed list, map or record. */
type NestedValue = readonly unknown[] | Readonly<Record<string, unknown>>;
export type WindowResult = FromAvro<typeof headSchema> & {
  aggregates: Readonly<Record<string, WindowValue>>;
  /** Where the key is of several values: each by its name. */
  parts?: Readonly<Record<string, KeyValue>>;
};

export interface WindowResultType {
  readonly window: string;
  readonly aggregates: readonly AvroField[];
  /** The values of a key of several; none of a key that is one value. */
  readonly parts: readonly AvroField[];
  /** The results are the columns of a statement: its aggregates, and nothing beside them. */
  readonly isView: boolean;
  readonly type: EventType<WindowResult>;
  /** The aggregates of a result as JSON. */
  readonly aggregatesJson: JsonWriter;
}

/** `list` is also a map and a record: what stores keep as JSON. */
export type GivenKind = 'number' | 'whole' | 'decimal' | 'instant' | 'date' | 'text' | 'truth' | 'list';

/** The kind of value in an aggregate's field, nulls aside. */
export function givenBy({ type }: AvroField): GivenKind {
  const branches: readonly AvroSchema[] = isUnion(type) ? type : [type];
  if (branches.some(isNested)) return 'list';
  if (branches.some((branch) => hasLogical(branch, TIMESTAMP_MILLIS.logicalType))) return 'instant';
  if (branches.some((branch) => hasLogical(branch, 'date'))) return 'date';
  if (branches.includes('boolean')) return 'truth';
  if (branches.includes('string')) return 'text';
  if (branches.some((branch) => decimalForm(branch) !== null)) return 'decimal';
  return branches.includes('long') ? 'whole' : 'number';
}

/** A list, map or record. */
function isNested(type: AvroSchema): boolean {
  return typeof type === 'object' && ('items' in type || 'values' in type || 'fields' in type);
}

function hasLogical(type: AvroSchema, logical: string): boolean {
  return typeof type === 'object' && 'logicalType' in type && type.logicalType === logical;
}

const RESULTS = `${NAMESPACE}.WindowResult`;
/** Of windows whose results are the columns of a statement. */
const VIEW_RESULTS = `${NAMESPACE}.ViewResult`;

/** Names that an aggregate may have, since it is a field of an Avro record. */
export const AGGREGATE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws when an aggregate's name can't be one. */
export function windowResultType(
  window: string,
  aggregates: readonly AvroField[],
  parts: readonly AvroField[] = [],
  isView = false,
): WindowResultType {
  const results = isView ? VIEW_RESULTS : RESULTS;
  const namespace = `${results}.${escapedName(window)}`;
  const schema: AvroRecord = {
    ...headSchema,
    name: escapedName(window),
    namespace: results,
    fields: [
      ...headSchema.fields,
      {
        name: 'aggregates',
        type: {
          type: 'record',
          name: 'Aggregates',
          namespace,
          fields: aggregates,
        },
      },
      ...(parts.length === 0
        ? []
        : [{ name: 'parts', type: { type: 'record', name: 'Parts', namespace, fields: parts } } as const]),
    ],
  };
  return resultType(window, aggregates, parts, schema);
}

function resultType(
  window: string,
  aggregates: readonly AvroField[],
  parts: readonly AvroField[],
  schema: AvroRecord,
): WindowResultType {
  const record: AvroRecord = { type: 'record', name: 'Aggregates', fields: aggregates };
  const isView = schema.namespace === VIEW_RESULTS;
  return { window, aggregates, parts, isView, type: eventTypeOf(schema), aggregatesJson: typedJson(record) };
}

/** The window whose results a record of this full name holds; null for any other record. */
export function windowOfRecord(fullName: string): string | null {
  const results = [RESULTS, VIEW_RESULTS].find((each) => fullName.startsWith(`${each}.`));
  return results === undefined ? null : plainName(fullName.slice(results.length + 1));
}

/** The type of a window's results as a log's schema has it. */
export function writtenWindowType(window: string, schema: AvroRecord): WindowResultType {
  const fieldsOf = (field: string): readonly AvroField[] => {
    const record = schema.fields.find(({ name }) => name === field)?.type;
    return typeof record === 'object' && 'fields' in record ? record.fields : [];
  };
  return resultType(window, fieldsOf('aggregates'), fieldsOf('parts'), schema);
}

/** A row of a block of results. */
export function windowResultAt(columns: Columns, row: number): WindowResult {
  const key = columns.column('key');
  const at = (path: string): number => columns.numbers(path)[row] ?? 0;
  const { aggregates, parts } = columns.event(row);
  return {
    key: key?.kind === 'text' && key.nulls?.[row] !== 1 ? textAt(key, row) : null,
    start: at('start'),
    end: at('end'),
    revision: at('revision'),
    at: at('at'),
    count: at('count'),
    aggregates: isRecord<WindowValue>(aggregates) ? aggregates : {},
    ...(isRecord<KeyValue>(parts) ? { parts } : {}),
  };
}

/** A record that a schema of this file describes. */
function isRecord<Value>(value: unknown): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null;
}
