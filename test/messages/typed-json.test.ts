/** An event as JSON by its schema is what the reader of JSON takes for the same event. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';

const schema: AvroRecord = JSON.parse(`{
  "type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "long"},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 4}},
    {"name": "fee", "type": ["null", {"type": "fixed", "name": "Fee", "size": 8, "logicalType": "decimal", "precision": 18, "scale": 2}]},
    {"name": "raw", "type": "bytes"},
    {"name": "parts", "type": {"type": "array", "items": {"type": "record", "name": "Part", "fields": [
      {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 0}]},
      {"name": "tags", "type": {"type": "map", "values": ["null", "string", "long"]}}
    ]}}}
  ]
}`);
const type = dynamicEventType(schema);
const decoder = createJsonDecoder(schema, 'id');

function digits(most: bigint, scale: number): fc.Arbitrary<string> {
  return fc.bigInt({ min: -most, max: most }).map((unscaled) => {
    const text = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
    const sign = unscaled < 0n ? '-' : '';
    return scale === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
  });
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const text = fc.string({ unit: 'grapheme', maxLength: 5 }).map((value) => JSON.stringify(value));
const bytes = fc.uint8Array({ maxLength: 6 }).map((value) => JSON.stringify(Buffer.from(value).toString('latin1')));
const part = fc
  .record({
    price: fc.option(digits(10n ** 9n - 1n, 0), { nil: 'null' }),
    tag: fc.oneof(long, text, fc.constant('null')),
  })
  .map(({ price, tag }) => `{"price":${price},"tags":{"a b":${tag}}}`);
const lines = fc
  .record({
    id: long,
    amount: digits(10n ** 30n - 1n, 4),
    fee: fc.option(digits(10n ** 18n - 1n, 2), { nil: 'null' }),
    raw: bytes,
    parts: fc.array(part, { maxLength: 2 }),
  })
  .map(
    (row) =>
      `{"id":${row.id},"amount":${row.amount},"fee":${row.fee},"raw":${row.raw},"parts":[${row.parts.join(',')}]}`,
  );

describe('an event as JSON by its schema', () => {
  test('is the line that it came from, digit by digit', () => {
    fc.assert(
      fc.property(lines, (line) => {
        const decoded = decoder.line(line);
        if (!decoded.ok) throw new Error(`${decoded.detail} in ${line}`);
        const [event] = type.decodeBlock(type.encodeBlock([decoded.event]).bytes);
        expect(type.eventJson(event!)).toBe(line);
      }),
    );
  });

  test('names the branch of a union whose branches look alike', () => {
    const alike = dynamicEventType(
      JSON.parse(
        '{"type":"record","name":"Alike","fields":[{"name":"v","type":["null","string","bytes",{"type":"fixed","name":"F","size":1}]}]}',
      ),
    );
    expect(alike.eventJson({ v: { F: Buffer.from([255]) } })).toBe('{"v":{"F":"ÿ"}}');
    expect(alike.eventJson({ v: null })).toBe('{"v":null}');
  });
});
