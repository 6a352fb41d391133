/** Decodes the records of one block of a container, by the writer's schema and the reader's. */

import { type Cursor, charge, cursorOf, Damage, misfit, type Read } from './avro-cursor.ts';
import { createResolver, eventReader } from './avro-resolve.ts';
import { parseSchemaText, type RecordType } from './avro-schema.ts';
import { createSkips, type Skip } from './avro-skip.ts';
import type { DynamicEvent } from './codec.ts';
import { isNoKey } from './json-fields.ts';
import { pathText, type RejectReason } from './refusal.ts';

/** A block's records, in order. */
export interface ContainerBlock {
  /** The records as the writer encoded them, unpacked. */
  readonly bytes: Buffer;
  /** Null for a record that does not fit. */
  readonly events: readonly (DynamicEvent | null)[];
  /** Where each record begins in the bytes; a last entry says where the last record ends. */
  readonly starts: Uint32Array;
  /** By index of the record. */
  readonly misfits: ReadonlyMap<number, Misfit>;
  /** The writer's schema. */
  readonly schemaText: string;
}

export interface Misfit {
  readonly reason: RejectReason;
  /** For people: which field, and what was found there. */
  readonly detail: string;
}

/** How records of one writer become events of one reader. */
export interface Writer {
  readonly read: Read;
  readonly skip: Skip;
  readonly leastBytes: number;
  readonly schemaText: string;
}

/** Bounds on a block's events: memory, an estimate in bytes, and the number of values of no bytes. */
export interface Budget {
  memoryBytes: number;
  empty: number;
}

/** Throws, naming the field and both types, when no record of the writer's could be an event. */
export function writerOf(schemaText: string, reader: RecordType, keyField: string): Writer {
  const type = parseSchemaText(schemaText);
  const skipOf = createSkips();
  const resolved = eventReader(type, reader, keyField, createResolver(skipOf));
  if (!resolved.ok) {
    const what = resolved.path.length === 0 ? 'a record' : `the field ${fieldText(resolved.path)}`;
    throw new Error(`${what} ${resolved.problem}`);
  }
  return { read: resolved.read, skip: skipOf(type), leastBytes: type.leastBytes, schemaText };
}

/** The bound of a line of JSON. */
const RECORD_BYTES_MAX = 1024 * 1024;
/** Memory that a misfit takes beside the record's bytes. */
const MISFIT_BYTES = 512;

/** Throws Damage when the bytes are not so many records. */
export function decodeRecords(
  { read, skip, leastBytes, schemaText }: Writer,
  bytes: Buffer,
  count: number,
  keyField: string,
  budget: Budget,
): ContainerBlock {
  const c = cursorOf(bytes, budget.memoryBytes, budget.empty + bytes.length);
  if (!(count <= (leastBytes > 0 ? bytes.length / leastBytes : c.emptyLeft))) {
    throw new Damage(`claims ${count} records in ${bytes.length} bytes`);
  }
  const events: (DynamicEvent | null)[] = [];
  const starts = new Uint32Array(count + 1);
  const misfits = new Map<number, Misfit>();
  for (let i = 0; i < count; i++) {
    starts[i] = c.at;
    c.depth = 0;
    const event = read(c);
    const length = c.at - starts[i]!;
    if (!c.failed && isEvent(event) && !isNoKey(event[keyField]) && length <= RECORD_BYTES_MAX) {
      events.push(event);
      continue;
    }
    if (!c.failed && length > RECORD_BYTES_MAX) {
      misfit(c, 'too-large', `the record has ${length} bytes; at most ${RECORD_BYTES_MAX} are read`);
    } else if (!c.failed) noKey(c, keyField, isEvent(event) ? event[keyField] : null);
    misfits.set(i, { reason: c.reason, detail: `${fieldText(c.path)} ${c.problem}`.trimStart() });
    charge(c, MISFIT_BYTES);
    c.failed = false;
    c.at = starts[i]!;
    c.depth = 0;
    skip(c);
    events.push(null);
  }
  starts[count] = c.at;
  if (c.at !== bytes.length) throw new Damage(`goes on for ${bytes.length - c.at} bytes behind its last record`);
  budget.memoryBytes = c.memoryLeft;
  budget.empty = c.emptyLeft;
  return { bytes, events, starts, misfits, schemaText };
}

function noKey(c: Cursor, keyField: string, value: unknown): void {
  misfit(c, 'null-key', value === null ? 'is the key and is null' : 'is the key and is no finite number');
  c.path = [keyField];
}

function isEvent(value: unknown): value is DynamicEvent {
  return typeof value === 'object' && value !== null;
}

function fieldText(path: readonly string[]): string {
  return pathText(path).replaceAll('.[', '[').replaceAll('.{', '{');
}
