/** The codecs of Kafka, on batches of kafkajs's own encoder, on bombs and on damaged data. */
import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  gunzipped,
  packXerial,
  registerCodecs,
  UNPACKED_BYTES_MAX,
  unpackRecords,
  unpackXerial,
} from '../../src/kafka/codecs.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;
registerCodecs(CompressionCodecs);

const { GZIP, Snappy, LZ4, ZSTD } = CompressionTypes;
const codecOf = (type: keyof typeof CompressionCodecs) => CompressionCodecs[type]();
const text = Buffer.from('{"customerId":17}\n'.repeat(10_000));

describe('the codecs of Kafka', () => {
  it('are there for each type that a batch may name, and for no other', async () => {
    for (const type of [GZIP, Snappy, LZ4, ZSTD, 5, 7] as const) {
      await expect(unpackRecords(type, Buffer.from('no packed data'))).rejects.toThrow(/^(is|has|was|ends|needs) /);
    }
  });

  it('unpack what they packed', async () => {
    for (const type of [GZIP, Snappy] as const) {
      const packed: Buffer = await codecOf(type).compress({ buffer: text });
      expect(packed.length).toBeLessThan(text.length / 4);
      expect(text.equals(await unpackRecords(type, packed))).toBe(true);
    }
  });

  it('unpack no more than their bound: a bomb of gzip is stopped there', async () => {
    expect((await gunzipped(gzipSync(text), text.length)).length).toBe(text.length);
    await expect(gunzipped(gzipSync(text), text.length - 1)).rejects.toThrow(/unpacks to more than/);
    const bomb = gzipSync(Buffer.alloc(UNPACKED_BYTES_MAX + 1));
    expect(bomb.length).toBeLessThan(80_000);
    await expect(unpackRecords(GZIP, bomb)).rejects.toThrow(/unpacks to more than the 67108864/);
  });

  it('know snappy with the frames of Java and without them', () => {
    const framed = packXerial(text);
    expect(text.equals(unpackXerial(framed, text.length))).toBe(true);
    expect(() => unpackXerial(framed, text.length - 1)).toThrow(/more than/);
    expect(() => unpackXerial(framed.subarray(0, framed.length - 1), text.length)).toThrow(/cut off/);
    // One chunk of it, without its frame: what librdkafka writes.
    const chunk = framed.subarray(20, 20 + framed.readUInt32BE(16));
    expect(text.subarray(0, 32_768).equals(unpackXerial(chunk, text.length))).toBe(true);
  });
});
