/** Our reading of fetched records beside kafkajs's own, on batches of kafkajs's encoder, of transactions, and on damaged ones. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it, test } from 'vitest';
import { createBatchCheck } from '../../src/kafka/batch-check.ts';
import { registerCodecs, unpackRecords } from '../../src/kafka/codecs.ts';
import { PartitionFetch, recordsOf } from '../../src/kafka/partition-fetch.ts';
import { type BatchRecord, readRecordBatches as read } from '../../src/kafka/record-batch.ts';

registerCodecs(kafkajs.CompressionCodecs);
const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder');
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages');
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C');
const Batch = require('kafkajs/src/consumer/batch');
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0');
const Record = require('kafkajs/src/protocol/recordBatch/record/v0');

interface Sent {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
  readonly laterMs: number;
}

interface Form {
  readonly compression?: number;
  readonly transactional?: boolean;
  readonly producerId?: number;
}

/** In a process that has just begun. */
const readRecordBatches = (bytes: Buffer): Promise<BatchRecord[]> => read(bytes, unpackRecords, createBatchCheck());
/** With the checksum of what it has now. */
function signed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32C(batch.subarray(21)), 17);
  return batch;
}

const AT_MS = Date.UTC(2026, 0, 1);

async function batchOf(sent: readonly Sent[], firstOffset: number, { compression = 0, ...form }: Form = {}) {
  const records = sent.map(({ key, value, headers, laterMs }, i) =>
    Record({ offsetDelta: i, timestampDelta: laterMs, key, value, headers }),
  );
  const { buffer } = await RecordBatch({
    compression,
    firstTimestamp: AT_MS,
    maxTimestamp: AT_MS + 9,
    ...form,
    firstSequence: 0,
    producerEpoch: 0,
    lastOffsetDelta: sent.length - 1,
    records,
  });
  const batch = Buffer.from(buffer);
  batch.writeBigInt64BE(BigInt(firstOffset));
  return batch;
}

function asAnswered(bytes: Buffer): unknown {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return new Decoder(Buffer.concat([length, bytes]));
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((own) => Buffer.from(own));
const sentRecord: fc.Arbitrary<Sent> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(
    fc.string({ maxLength: 5 }),
    fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })),
    {
      maxKeys: 3,
    },
  ),
  laterMs: fc.integer({ min: -(2 ** 31), max: 2 ** 40 }),
});

test('records are those that kafkajs reads, packed or not, in several batches, the last one cut off', async () => {
  const batch = fc.record({
    sent: fc.array(sentRecord, { minLength: 1, maxLength: 5 }),
    compression: fc.constantFrom(0, 1, 2),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.nat({ max: 400 }),
      async (batches, firstOffset, lacking) => {
        let next = firstOffset;
        const parts: Buffer[] = [];
        for (const { sent, compression } of batches) {
          parts.push(await batchOf(sent, next, { compression }));
          next += sent.length;
        }
        const whole = Buffer.concat(parts);
        // With less than the head of a batch kafkajs fails.
        const fetched = whole.subarray(0, Math.max(61, whole.length - lacking));
        const ours = await readRecordBatches(fetched);
        const theirs: readonly Theirs[] = await decodeMessages(asAnswered(fetched));
        expect(ours.map(plain)).toEqual(theirs.map(plainOfKafkajs));
      },
    ),
    { numRuns: 60 },
  );
});

interface Theirs {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>;
}

const hex = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? value.toString('hex') : Array.isArray(value) ? value.map(hex) : value;
const headersOf = (headers: object = {}): unknown =>
  Object.entries(headers)
    .map(([name, value]) => [name, hex(value)])
    .sort();
const plain = ({ offset, timestamp, key, value, headers }: BatchRecord) => [
  ...[offset, timestamp, hex(key), hex(value), headersOf(headers)],
];
const plainOfKafkajs = ({ offset, timestamp, key, value, headers }: Theirs) => [
  ...[Number(offset), Number(timestamp), hex(key), hex(value), headersOf(headers)],
];

test('what is asked of a fetch has the same answers, wherever it began', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sentRecord, { maxLength: 6 }),
      fc.integer({ min: -2, max: 8 }),
      fc.nat({ max: 3 }),
      async (sent, behind, beyond) => {
        const from = String(100 + behind);
        const answer = { partition: 3, highWatermark: String(100 + sent.length + beyond), abortedTransactions: [] };
        const bytes = sent.length === 0 ? Buffer.alloc(0) : await batchOf(sent, 100);
        const theirs = new Batch('t', from, { ...answer, messages: await decodeMessages(asAnswered(bytes)) });
        const messages = await readRecordBatches(bytes);
        const ours = Reflect.construct(PartitionFetch, ['t', from, { ...answer, messages }]);
        for (const name of [
          ...['isEmpty', 'isEmptyIncludingFiltered', 'isEmptyDueToFiltering'],
          ...['firstOffset', 'lastOffset', 'offsetLag', 'offsetLagLow'],
        ]) {
          expect([name, ours[name]()]).toEqual([name, theirs[name]()]);
        }
        for (const name of ['topic', 'partition', 'fetchedOffset', 'highWatermark'])
          expect(ours[name]).toBe(theirs[name]);
        expect(recordsOf(ours).map(plain)).toEqual(theirs.messages.map(plainOfKafkajs));
      },
    ),
    { numRuns: 60 },
  );
});

describe('transactions', () => {
  const sent = (text: string, key: Buffer | null = null): Sent => ({
    ...{ key, value: Buffer.from(text), headers: {}, laterMs: 0 },
  });
  /** A marker has version 0 and 0 for abort, 1 for commit. */
  const marker = async (offset: number, producerId: number, type: 0 | 1) => {
    const batch = await batchOf([sent('', Buffer.from([0, 0, 0, type]))], offset, { transactional: true, producerId });
    batch.writeInt16BE(batch.readInt16BE(21) | 0x20, 21);
    return signed(batch);
  };

  it('that were aborted are not shown, also where a key is four zero bytes, as that of an abort marker', async () => {
    const zero = Buffer.alloc(4);
    const own = { transactional: true, producerId: 7 };
    const other = { transactional: true, producerId: 8 };
    const batches = [
      await batchOf([sent('aborted', zero), sent('aborted too', zero)], 10, own),
      await batchOf([sent('committed', zero)], 12, other),
      await batchOf([sent('not in one', zero)], 13),
      await batchOf([sent('aborted as well')], 14, own),
      await marker(15, 7, 0),
      await batchOf([sent('the next one')], 16, own),
      await marker(17, 8, 1),
      await marker(18, 7, 1),
    ];
    const messages = await readRecordBatches(Buffer.concat(batches));
    const abortedTransactions = [{ producerId: '7', firstOffset: '10' }];
    const fetch = Reflect.construct(PartitionFetch, [
      't',
      '10',
      { partition: 0, highWatermark: '19', abortedTransactions, messages },
    ]);
    expect(recordsOf(fetch).map(({ value }) => value?.toString())).toEqual(['committed', 'not in one', 'the next one']);
    expect(fetch.lastOffset()).toBe('18');
  });
});

describe('a batch that can’t be read', () => {
  const sent = Array.from(
    { length: 3 },
    (_, i): Sent => ({
      ...{ key: null, value: Buffer.from(`value ${i}`.repeat(20)), headers: {}, laterMs: 0 },
    }),
  );

  it('is as many records that say why, the first with its bytes, and those behind it are read', async () => {
    for (const compression of [0, 1, 2]) {
      const batch = await batchOf(sent, 40, { compression });
      batch.fill(0xff, 70);
      const records = await readRecordBatches(Buffer.concat([signed(batch), await batchOf(sent, 43)]));
      expect(records.map(({ offset, damage }) => [offset, damage?.batch?.length ?? null])).toEqual([
        ...[
          [40, batch.length - 61],
          [41, null],
          [42, null],
        ],
        ...[
          [43, null],
          [44, null],
          [45, null],
        ],
      ]);
      for (const { damage, value } of records.slice(0, 3)) {
        expect(damage?.reason).toMatch(/^the batch that it was in \w+/);
        expect(value).toBe(null);
      }
      expect(records.slice(3).map(({ value }) => value?.length)).toEqual([140, 140, 140]);
    }
  });

  it('may be as large as it likes: records are not spread into one call', async () => {
    const none: Sent = { key: null, value: null, headers: {}, laterMs: 0 };
    const count = 140_000;
    const records = await readRecordBatches(await batchOf(Array<Sent>(count).fill(none), 0));
    expect([records.length, records.at(-1)?.offset]).toEqual([count, count - 1]);
  });

  it('never makes the reader hang, or give a record beyond the bytes that are there', async () => {
    const whole = await batchOf(sent, 40);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 13 }), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const batch = Buffer.from(whole);
        batch[12 + at] = byte;
        const records = await readRecordBatches(signed(batch));
        expect(records.length).toBeLessThanOrEqual(131_072);
      }),
      { numRuns: 300 },
    );
  });

  it('that has not its checksum is asked for again, and given up when it stays the same', async () => {
    const [whole, next] = [await batchOf(sent, 40, { compression: 1 }), await batchOf(sent, 43)];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 21, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(whole);
          damaged[at] = damaged[at]! ^ flip;
          const check = createBatchCheck();
          const fetched = (batch: Buffer): Promise<BatchRecord[]> =>
            read(Buffer.concat([batch, next]), unpackRecords, check);
          await expect(fetched(damaged)).rejects.toThrow('offset 40 does not have its checksum');
          // On its way it was another one.
          expect((await fetched(whole)).map(({ damage }) => damage)).toEqual(Array(6).fill(undefined));
          await expect(fetched(damaged)).rejects.toThrow('checksum');
          const records = await fetched(damaged);
          expect(records[0]?.damage?.reason).toMatch('does not have its checksum, each time');
          expect(records.slice(-3).map(({ damage, value }) => [damage, value?.length])).toEqual(
            Array(3).fill([undefined, 140]),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
