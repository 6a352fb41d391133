/**
 * Reads a partition's part of a fetch: record batches of version 2 (kafka.apache.org/documentation/#recordbatch).
 * kafkajs makes some ten objects for each record. A batch that it can't read ends its whole consumer, again at each
 * start. Here a record is one object with its key and value, and a damaged batch gives as many records that name the
 * damage.
 */
import { Damage } from '../messages/avro-cursor.ts';
import type { BatchState } from './batch-check.ts';
import type { FetchedRecord, HeaderValue } from './group.ts';

/** A record, and what says whether it is shown. The names are those that kafkajs reads. */
export interface BatchRecord extends FetchedRecord {
  /** A marker of a transaction's end, and no record of a user. */
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

export interface BatchContext {
  /** Digits, as the list of aborted transactions has them. */
  readonly producerId: string;
  readonly inTransaction: boolean;
}

/** Unpacks with the codec of this number, which is not 0. Rejects with Damage where that can't be done. */
export type Unpack = (codec: number, packed: Buffer) => Promise<Buffer>;

/** Where the fields of a batch lie, from its beginning; the length counts what comes behind itself. */
const LENGTH = 8;
const ATTRIBUTES = 21;
const LAST_OFFSET_DELTA = 23;
const BASE_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER_ID = 43;
const COUNT = 57;
const RECORDS = 61;

/** In the attributes. */
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** As a reason of Damage is worded. */
const UNSOUND = 'the batch that it was in does not have its checksum, each time that it is fetched';

/** So many records of a damaged batch are told of. */
const DAMAGED_MAX = 131_072;
type Headers = NonNullable<FetchedRecord['headers']>;
const NO_HEADERS: Headers = {};

/**
 * The batches of one partition, one after the other; the last may be cut off, and is left out then. Rejects where a batch has
 * to be fetched again.
 */
export async function readRecordBatches(
  bytes: Buffer,
  unpack: Unpack,
  check: (batch: Buffer) => BatchState,
): Promise<BatchRecord[]> {
  const records: BatchRecord[] = [];
  for (let at = 0; at + RECORDS <= bytes.length; ) {
    const end = at + LENGTH + 4 + bytes.readInt32BE(at + LENGTH);
    // A length that is none leads nowhere: the broker sends the same again, and whoever reads must hear of it.
    if (end < at + RECORDS)
      throw new Error(`A record batch at offset ${bytes.readBigInt64BE(at)} has a length that is none`);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    const state = check(batch);
    if (state === 'again')
      throw new Error(`The record batch at offset ${batch.readBigInt64BE(0)} does not have its checksum`);
    if (state === 'sound') await readBatch(batch, unpack, records);
    else standIns(batch, UNSOUND, batch.subarray(RECORDS), records);
    at = end;
  }
  return records;
}

async function readBatch(batch: Buffer, unpack: Unpack, records: BatchRecord[]): Promise<void> {
  const attributes = batch.readInt16BE(ATTRIBUTES);
  const codec = attributes & CODEC;
  const count = batch.readInt32BE(COUNT);
  const packed = batch.subarray(RECORDS);
  const before = records.length;
  try {
    readRecords(batch, codec === 0 ? packed : await unpack(codec, packed), count, records);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    records.length = before;
    standIns(batch, `the batch that it was in ${error.message}`, packed, records);
  }
}

function contextOf(batch: Buffer): BatchContext {
  return {
    producerId: batch.readBigInt64BE(PRODUCER_ID).toString(),
    inTransaction: (batch.readInt16BE(ATTRIBUTES) & TRANSACTIONAL) !== 0,
  };
}

/** Throws Damage. */
function readRecords(batch: Buffer, bytes: Buffer, count: number, records: BatchRecord[]): void {
  const attributes = batch.readInt16BE(ATTRIBUTES);
  const batchContext = contextOf(batch);
  const isControlRecord = (attributes & CONTROL) !== 0;
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const firstOffset = Number(batch.readBigInt64BE(0));
  const firstTimestamp = Number(batch.readBigInt64BE(isAppendTime ? MAX_TIMESTAMP : BASE_TIMESTAMP));
  let at = 0;

  /** Zigzag, then seven bits a byte, the lowest first. */
  function varint(): number {
    let byte = bytes[at++]!;
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      if (factor > 2 ** 63) throw new Damage('has a number without an end');
      byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  /** Null where the length is -1. */
  function part(end: number): Buffer | null {
    const length = varint();
    if (length < 0) return null;
    if (at + length > end) throw new Damage('has a record that is cut off');
    const start = at;
    at += length;
    return bytes.subarray(start, at);
  }
  function headersOf(end: number): Headers {
    const own = new Map<string, HeaderValue>();
    for (let left = varint(); left > 0; left--) {
      const name = part(end)?.toString('utf8') ?? '';
      const value = part(end);
      // A header without a value is as none.
      if (value === null) continue;
      const others = own.get(name);
      if (others === undefined) own.set(name, value);
      else own.set(name, Array.isArray(others) ? [...others, value] : [others, value].flat());
    }
    return own.size === 0 ? NO_HEADERS : Object.fromEntries(own);
  }

  for (let row = 0; row < count; row++) {
    if (at >= bytes.length) throw new Damage(`has ${row} of ${count} records`);
    const length = varint();
    const end = at + length;
    if (length < 0 || end > bytes.length) throw new Damage('has a record that is cut off');
    // The record's attributes mean nothing so far.
    at++;
    const timestampDelta = varint();
    const offset = firstOffset + varint();
    const timestamp = isAppendTime ? firstTimestamp : firstTimestamp + timestampDelta;
    const key = part(end);
    const value = part(end);
    const headers = bytes[at] === 0 ? NO_HEADERS : headersOf(end);
    records.push({ offset, timestamp, key, value, headers, isControlRecord, batchContext });
    at = end;
  }
}

function standIns(batch: Buffer, reason: string, packed: Buffer, records: BatchRecord[]): void {
  const firstOffset = Number(batch.readBigInt64BE(0));
  const lastOffset = firstOffset + Math.max(0, batch.readInt32BE(LAST_OFFSET_DELTA));
  const timestamp = Number(batch.readBigInt64BE(BASE_TIMESTAMP));
  const batchContext = contextOf(batch);
  const count = Math.min(lastOffset - firstOffset + 1, Math.max(1, batch.readInt32BE(COUNT)), DAMAGED_MAX);
  for (let i = 0; i < count; i++) {
    // The last one leads behind the batch, also where records of it were compacted away.
    const offset = i === count - 1 ? lastOffset : firstOffset + i;
    const damage = { reason, batch: i === 0 ? packed : null };
    const nothing = { key: null, value: null, headers: NO_HEADERS, isControlRecord: false };
    records.push({ offset, timestamp, ...nothing, batchContext, damage });
  }
}
