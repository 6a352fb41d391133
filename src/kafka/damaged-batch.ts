/**
 * What stands in for a batch of records that can't be unpacked. kafkajs gives up its whole consumer where a codec throws,
 * and would do so again at each start: one batch would hold up a partition for ever. So a codec answers with records that
 * say what is wrong, as many as the batch may have; each becomes a dead letter, and the partition goes on behind them.
 */
import { RAW_BYTES_MAX } from '../messages/streams.ts';

/** The header of a record that stands in for one of a damaged batch: the reason, for people. */
export const DAMAGED = 'millrace.damaged';
/** Of the first of them: the packed batch, as far as a dead letter keeps it. */
export const DAMAGED_BATCH = 'millrace.damaged-batch';

/** kafkajs itself fails on a batch of more records (it spreads them into one call). */
const RECORDS_MAX = 131_072;

/** Records in the format of Kafka's record batches, version 2 (kafka.apache.org/documentation/#record). */
export function standInRecords(reason: string, packed: Buffer): Buffer {
  const why = header(DAMAGED, Buffer.from(reason, 'utf8'));
  const original = header(DAMAGED_BATCH, packed.subarray(0, RAW_BYTES_MAX));
  const records: Buffer[] = [record(0, [why, original])];
  for (let offset = 1; offset < RECORDS_MAX; offset++) records.push(record(offset, [why]));
  return Buffer.concat(records);
}

function record(offsetDelta: number, headers: readonly Buffer[]): Buffer {
  const NONE = varint(-1);
  // Attributes, the timestamp's delta, the offset's delta, no key, no value.
  const body = Buffer.concat([ZERO, varint(0), varint(offsetDelta), NONE, NONE, varint(headers.length), ...headers]);
  return Buffer.concat([varint(body.length), body]);
}

const ZERO = Buffer.from([0]);

function header(name: string, value: Buffer): Buffer {
  return Buffer.concat([varint(name.length), Buffer.from(name, 'latin1'), varint(value.length), value]);
}

/** Zigzag, then seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}
