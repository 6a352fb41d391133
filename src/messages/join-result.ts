/** Results of a join. Each join has an Avro record of its own, with the records of both sides in it. */
import {
  AVRO_PRIMITIVES,
  type AvroField,
  type AvroRecord,
  type AvroSchema,
  NAMESPACE,
  TIMESTAMP_MILLIS,
} from './avro.ts';
import { qualified } from './avro-schema.ts';
import { type BlockWriter, createBlockWriter } from './block.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from './codec.ts';
import { escapedName, plainName } from './escaped-name.ts';
import { LONGEST_LONG, writeLong, writeText } from './write-value.ts';

const RESULTS = `${NAMESPACE}.JoinResult`;

/** A result as a join gives it: the events are Avro of their sides, a character a byte (latin1). */
export interface JoinResult {
  readonly key: string | null;
  readonly left: string | null;
  readonly right: string | null;
  readonly ts: number;
}

export interface JoinResultType {
  readonly join: string;
  readonly type: EventType<DynamicEvent>;
  blockWriter(): BlockWriter<JoinResult>;
}

export function joinResultType(join: string, left: AvroRecord, right: AvroRecord, isArrayKey = false): JoinResultType {
  const type = dynamicEventType(joinResultSchema(join, left, right, isArrayKey));
  return { join, type, blockWriter: () => createBlockWriter(type.fingerprint, null, writeResult) };
}

/**
 * `isArrayKey`: the key is a JSON array of several values. A schema says so by a field that takes no bytes, because what
 * only describes a schema is not a part of its fingerprint.
 */
export function joinResultSchema(join: string, left: AvroRecord, right: AvroRecord, isArrayKey = false): AvroRecord {
  const own = `${RESULTS}.${escapedName(join)}`;
  return {
    type: 'record',
    name: escapedName(join),
    namespace: RESULTS,
    doc: 'An event of the left side with one of the right; null where there is none.',
    fields: [
      { name: 'key', type: ['null', 'string'] },
      { name: 'left', type: ['null', within(`${own}.left`, left, '')] },
      { name: 'right', type: ['null', within(`${own}.right`, right, '')] },
      { name: 'ts', type: TIMESTAMP_MILLIS, doc: 'The larger of their times.' },
      ...(isArrayKey ? [ARRAY_KEY_FIELD] : []),
    ],
  };
}

/** The field of results whose key is a JSON array. */
export const ARRAY_KEY = 'isArrayKey';

const ARRAY_KEY_FIELD: AvroField = { name: ARRAY_KEY, type: 'null', doc: 'The key is a JSON array of several values.' };

/** Puts a side's types into a namespace of its own: both sides may have the same type, which a schema defines only once. */
function within(prefix: string, type: AvroSchema, namespace: string): AvroSchema {
  if (typeof type === 'string')
    return AVRO_PRIMITIVES.includes(type) ? type : `${prefix}.${qualified(type, namespace)}`;
  if (!('type' in type)) return type.map((branch) => within(prefix, branch, namespace));
  if ('items' in type) return { ...type, items: within(prefix, type.items, namespace) };
  if ('values' in type) return { ...type, values: within(prefix, type.values, namespace) };
  if (!('name' in type)) return type;
  const full = qualified(type.name, type.namespace ?? namespace);
  const dot = full.lastIndexOf('.');
  const outer = full.slice(0, Math.max(dot, 0));
  const named = { name: full.slice(dot + 1), namespace: outer === '' ? prefix : `${prefix}.${outer}` };
  if (type.type === 'enum') return { ...type, ...named };
  return {
    ...type,
    ...named,
    fields: type.fields.map((field) => ({ ...field, type: within(prefix, field.type, outer) })),
  };
}

/** Writes a result. Returns where it ends, or minus the bytes that it lacks. Null is the first branch of each union. */
function writeResult({ key, left, right, ts }: JoinResult, bytes: Buffer, start: number): number {
  const room = 4 + 2 * LONGEST_LONG + 3 * (key?.length ?? 0) + (left?.length ?? 0) + (right?.length ?? 0);
  if (start + room > bytes.length) return -room;
  let at = start;
  bytes[at++] = key === null ? NULL : VALUE;
  if (key !== null) at = writeText(bytes, at, key);
  for (const event of [left, right]) {
    bytes[at++] = event === null ? NULL : VALUE;
    if (event === null) continue;
    at += bytes.write(event, at, 'latin1');
  }
  const end = writeLong(bytes, at, ts);
  if (Number.isNaN(end)) throw new Error(`${ts} is no time of a result`);
  return end;
}

/** Zig-zagged numbers of union branches. */
const NULL = 0;
const VALUE = 2;

/** The join whose results a record of this full name holds; null for any other record. */
export function joinOfRecord(fullName: string): string | null {
  return fullName.startsWith(`${RESULTS}.`) ? plainName(fullName.slice(RESULTS.length + 1)) : null;
}
