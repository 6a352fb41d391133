/** Fields that are keys by their text: the same text of an event, of a block's rows, and of what people write. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { eventKey, fieldKeyReader, isKeyField, keyOfText, keyTextOf } from '../../src/streams/field-key.ts';
import { keyAt } from '../../src/streams/key-column.ts';

const SCHEMA: AvroRecord = {
  type: 'record',
  name: 'Keyed',
  fields: [
    { name: 'flag', type: ['null', 'boolean'] },
    { name: 'ratio', type: 'double' },
    { name: 'single', type: 'float' },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 3 } },
    { name: 'word', type: 'string' },
    { name: 'id', type: 'long' },
  ],
};
const PATHS = SCHEMA.fields.map(({ name }) => name);

const event = fc.record({
  flag: fc.option(fc.boolean()),
  ratio: fc.double({ noNaN: true, noDefaultInfinity: true }),
  single: fc.float({ noNaN: true, noDefaultInfinity: true }),
  price: fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }).map((unscaled) => {
    const bytes = Buffer.alloc(9);
    bytes.writeInt8(Number(BigInt.asIntN(8, unscaled >> 64n)), 0);
    bytes.writeBigInt64BE(BigInt.asIntN(64, unscaled), 1);
    return bytes;
  }),
  word: fc.string(),
  id: fc.maxSafeInteger(),
});

test('an event, a row of a block, and the text that a person writes have one key', () => {
  const type = dynamicEventType(SCHEMA);
  const read = type.columnReader();
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (events) => {
      const columns = read(type.encodeBlock(events));
      for (const path of PATHS) {
        const rows = fieldKeyReader(SCHEMA, path)(columns);
        const keyOf = eventKey(SCHEMA, path);
        for (const [row, own] of events.entries()) {
          const key = keyAt(rows, row);
          expect(keyOf(own)).toBe(key);
          if (key !== null) expect(keyOfText(SCHEMA, path, String(key))).toBe(key);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test.each([
  ['flag', 'TRUE', 'true'],
  ['flag', '1', null],
  ['ratio', '-0', '0.0'],
  ['ratio', '1', '1.0'],
  ['ratio', 'NaN', null],
  ['ratio', ' ', null],
  ['price', '1.5', '1.500'],
  ['price', '15e-1', '1.500'],
  ['price', '1.0001', null],
  ['word', ' ', ' '],
  ['id', '7', 7],
  ['id', '7.5', null],
])('a key %s that is written %j is %j', (path, text, key) => {
  expect(keyOfText(SCHEMA, path, text)).toBe(key);
});

test('bytes, and decimals of more digits than SQL has, are no keys', () => {
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 39, scale: 0 } as const;
  expect(isKeyField({ name: 'x', type: 'bytes' })).toBe(false);
  expect(isKeyField({ name: 'x', type: decimal })).toBe(false);
  expect(PATHS.map((path) => keyTextOf(SCHEMA, path) === path)).toEqual([false, false, false, false, true, true]);
});
