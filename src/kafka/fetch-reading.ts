/**
 * Replaces kafkajs's reading of fetched records by our own, in the whole process. kafkajs has no port for that, so two
 * of its modules are replaced; its version is pinned, and test/kafka/fetch-reading.test.ts compares the two.
 */
import { createRequire } from 'node:module';
import { createBatchCheck } from './batch-check.ts';
import { PartitionFetch } from './partition-fetch.ts';
import { type BatchRecord, readRecordBatches, type Unpack } from './record-batch.ts';

/** What kafkajs reads an answer with, as far as it matters here. */
interface Decoder {
  readInt32(): number;
  canReadBytes(length: number): boolean;
  readBytes(length: number): Buffer;
  offset: number;
}

/** Of the format before Kafka 0.11, which kafkajs reads itself. */
interface EarlierRecord {
  readonly offset: string;
  readonly timestamp?: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** At this place of a batch of any version is the number of its version. */
const VERSION = 16;
const OWN_VERSION = 2;
const NO_TRANSACTION = { producerId: '-1', inTransaction: false };

/** Before kafkajs is used. */
export function replaceFetchReading(unpack: Unpack): void {
  const require = createRequire(import.meta.url);
  const replace = (file: string, by: (original: unknown) => unknown): void => {
    const path = `kafkajs/src/${file}`;
    const original: unknown = require(path);
    const loaded = require.cache[require.resolve(path)];
    if (loaded === undefined) throw new Error(`This version of kafkajs has no ${file}`);
    loaded.exports = by(original);
  };
  replace('consumer/batch.js', () => PartitionFetch);
  replace('protocol/requests/fetch/v4/decodeMessages.js', (original) => readerOf(original, unpack));
}

function readerOf(original: unknown, unpack: Unpack) {
  const check = createBatchCheck();
  return async (decoder: Decoder): Promise<BatchRecord[]> => {
    const start = decoder.offset;
    const length = decoder.readInt32();
    if (length <= 0 || !decoder.canReadBytes(length)) return [];
    const bytes = decoder.readBytes(length);
    if (bytes.length > VERSION && bytes[VERSION] !== OWN_VERSION) {
      if (typeof original !== 'function') throw new Error('This version of kafkajs does not read records as expected');
      decoder.offset = start;
      const earlier: readonly EarlierRecord[] = await original(decoder);
      return earlier.map(fromEarlier);
    }
    return await readRecordBatches(bytes, unpack, check);
  };
}

function fromEarlier({ offset, timestamp, key, value }: EarlierRecord): BatchRecord {
  const own = { offset: Number(offset), timestamp: Number(timestamp ?? -1), key, value };
  return { ...own, headers: {}, isControlRecord: false, batchContext: NO_TRANSACTION };
}
