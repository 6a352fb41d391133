/** Whole numbers of 64 bits keep every digit, from the text that brings them to the text that gives them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { exactJson } from '../../src/messages/event-json.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';

const schema: AvroRecord = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'maybe', type: ['null', 'long'] },
    { name: 'list', type: { type: 'array', items: 'long' } },
    { name: 'ratio', type: 'double' },
  ],
};
const type = dynamicEventType(schema);
const decoder = createJsonDecoder(schema, 'id');
const BIGGEST = 2n ** 63n - 1n;
const long = fc.oneof(
  fc.bigInt({ min: -BIGGEST - 1n, max: BIGGEST }),
  fc.maxSafeInteger().map(BigInt),
  fc.integer({ min: -2, max: 2 }).chain((n) => fc.constantFrom(2n ** 53n + BigInt(n), -(2n ** 53n) + BigInt(n))),
  fc.constantFrom(BIGGEST, -BIGGEST - 1n),
);
/** The text is the judge: no number of JavaScript has a part in it. */
const lines = fc
  .record({
    id: long,
    maybe: fc.option(long),
    list: fc.array(long, { maxLength: 3 }),
    ratio: fc.double({ noNaN: true, noDefaultInfinity: true }),
  })
  .map(
    ({ id, maybe, list, ratio }) =>
      `{"id":${id},"maybe":${maybe},"list":[${list.join(',')}],"ratio":${JSON.stringify(ratio)}}`,
  );

describe('a whole number of 64 bits', () => {
  test('in a line of JSON is the same in the line that is written of the event, from a block as well', () => {
    fc.assert(
      fc.property(lines, (line) => {
        const decoded = decoder.line(line);
        if (!decoded.ok) throw new Error(decoded.detail);
        expect(exactJson(decoded.event)).toBe(line);
        const columns = type.columns(type.encodeBlock([decoded.event]));
        expect(exactJson({ ...columns.event(0) })).toBe(line);
      }),
    );
  });

  test.each([
    '9223372036854775808',
    '-9223372036854775809',
    '123456789012345678901234567890',
    '1e19',
    '9007199254740993.5',
  ])('is not %s, which is refused as it is written', (digits) => {
    const decoded = decoder.line(`{"id":${digits},"maybe":null,"list":[],"ratio":0}`);
    expect(decoded).toMatchObject({ ok: false });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(`found ${digits}`));
  });

  test('may be written with an exponent, or a fraction of zeros', () => {
    for (const digits of ['9.007199254740993e15', '9007199254740993.0', '90071992547409930e-1']) {
      expect(decoder.line(`{"id":${digits},"maybe":null,"list":[],"ratio":0}`)).toMatchObject({
        event: { id: 9007199254740993n },
      });
    }
  });

  test('leaves the other fields of its line as they are', () => {
    const line = '{"id":9007199254740993,"maybe":null,"list":[],"ratio":0.1234567890123456789}';
    expect(decoder.line(line)).toMatchObject({ event: { id: 9007199254740993n, ratio: 0.12345678901234568 } });
    const named = '{"id":9007199254740993,"__proto__":1,"maybe":null,"list":[],"ratio":0}';
    expect(decoder.line(named)).toMatchObject({ ok: false, reason: 'unknown-field' });
    expect(
      decoder.line('{"id":9007199254740993,"maybe":9007199254740993,"list":9007199254740993,"ratio":0}'),
    ).toMatchObject({
      reason: 'wrong-type',
      detail: 'list must be a list: found 9007199254740993',
    });
  });

  test('has the partition of its low and high halves, as one that a number holds has', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 2, max: 64 }), (key, partitions) => {
        expect(partitionOf(BigInt(key), partitions)).toBe(partitionOf(key, partitions));
      }),
    );
    const spread = new Set(Array.from({ length: 64 }, (_, i) => partitionOf(BIGGEST - BigInt(i), 16)));
    expect(spread.size).toBeGreaterThan(10);
  });
});
