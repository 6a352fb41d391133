/** Which partition a key belongs to. The same key gives the same partition in every process and version. */
import type { TextColumn } from '../messages/columns.ts';
import { exactJson } from '../messages/event-json.ts';
import { type Key, type KeyColumn, keyAt } from './key-column.ts';

/** `key` modulo `partitions`, through the 32-bit finalizer of MurmurHash3, or Kafka's murmur2 for a string. */
export function partitionOf(key: number | bigint | string, partitions: number): number {
  if (partitions === 1) return 0;
  const hash =
    typeof key === 'number'
      ? mixInteger(key | 0, Math.floor(key / 0x1_0000_0000) | 0)
      : typeof key === 'bigint'
        ? mixInteger(Number(BigInt.asIntN(32, key)), Number(BigInt.asIntN(32, key >> 32n)))
        : murmur2Of(key);
  return (hash & 0x7fffffff) % partitions;
}

/** Of the key of an event. One that is neither a number nor a text goes by its JSON. */
export function partitionOfEventKey(key: unknown, partitions: number): number {
  const isPlain = typeof key === 'number' || typeof key === 'string' || typeof key === 'bigint';
  return partitionOf(isPlain ? key : exactJson(key), partitions);
}

/** As partitionOf(); the null key, which is one, belongs to the first. */
export function partitionOfKey(key: Key, partitions: number): number {
  return key === null ? 0 : partitionOf(key, partitions);
}

/** The partitions of the keys of the first `count` rows. */
export function partitionsOf(column: KeyColumn, count: number, partitions: number, into: Int32Array): void {
  const { nulls } = column;
  for (let row = 0; row < count; row++) {
    // Texts of ASCII are hashed where they lie; others as what they are read as.
    into[row] =
      column.kind === 'text' && nulls?.[row] !== 1 && isAsciiAt(column, row)
        ? (murmur2(column.bytes, column.starts[row]!, column.ends[row]!) & 0x7fffffff) % partitions
        : partitionOfKey(keyAt(column, row), partitions);
  }
}

function isAsciiAt({ bytes, starts, ends }: TextColumn, row: number): boolean {
  for (let at = starts[row]!; at < ends[row]!; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

/** Of the halves of a whole number of 64 bits. */
function mixInteger(low: number, high: number): number {
  let hash = low ^ high;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function murmur2Of(key: string): number {
  const data = Buffer.from(key, 'utf8');
  return murmur2(data, 0, data.length);
}

/** As Kafka's DefaultPartitioner hashes a key: org.apache.kafka.common.utils.Utils.murmur2 over its UTF-8 bytes. */
function murmur2(data: Buffer, start: number, end: number): number {
  const length = end - start;
  let hash = (0x9747b28c ^ length) | 0;
  const whole = start + (length & ~3);
  for (let at = start; at < whole; at += 4) {
    const next = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    let word = Math.imul(next, 0x5bd1e995);
    word = Math.imul(word ^ (word >>> 24), 0x5bd1e995);
    hash = Math.imul(hash, 0x5bd1e995) ^ word;
  }
  const rest = end - whole;
  if (rest >= 3) hash ^= data[whole + 2]! << 16;
  if (rest >= 2) hash ^= data[whole + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data[whole]!, 0x5bd1e995);
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}
