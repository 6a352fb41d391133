/** A record that identifies a topic: a topic that was deleted and made again has another record at the same offset. */
import { crc32 } from 'node:zlib';
import type { FetchedRecord } from '../../kafka/group.ts';
import type { TopicPosition } from '../../messages/streams.ts';

export type KnownRecord = Pick<TopicPosition, 'lastOffset' | 'lastTimestamp' | 'lastCrc'>;

const NO_BYTES = Buffer.alloc(0);

export function knownBy({ offset, timestamp, key, value }: FetchedRecord): KnownRecord {
  const lastCrc = crc32(value ?? NO_BYTES, crc32(key ?? NO_BYTES));
  return { lastOffset: offset, lastTimestamp: timestamp, lastCrc };
}
