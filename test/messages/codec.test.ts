import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { AlertRaised, Transaction } from '../../src/fraud/schemas.ts';
import { transactionType } from '../../src/fraud/types.ts';
import type { AvroRecord, FromAvro } from '../../src/messages/avro.ts';
import { dynamicEventType, eventType } from '../../src/messages/codec.ts';
import type { DeadLetter } from '../../src/messages/streams.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import { referenceBlock } from './avro-reference.ts';

const everyKind = {
  type: 'record',
  name: 'Everything',
  namespace: 'test',
  fields: [
    { name: 'nothing', type: 'null' },
    { name: 'flag', type: 'boolean' },
    { name: 'small', type: 'int' },
    { name: 'large', type: 'long' },
    { name: 'real', type: 'double' },
    { name: 'text', type: 'string' },
    { name: 'raw', type: 'bytes' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'maybe', type: ['null', 'string'] },
    { name: 'colour', type: { type: 'enum', name: 'Colour', symbols: ['red', 'green'] } },
    { name: 'list', type: { type: 'array', items: 'long' } },
    { name: 'table', type: { type: 'map', values: 'double' } },
  ],
} as const satisfies AvroRecord;
type Everything = FromAvro<typeof everyKind>;
const everythingType = eventType(everyKind);

/** avsc refuses the two safe integers beyond. */
const long = fc.integer({ min: Number.MIN_SAFE_INTEGER + 1, max: Number.MAX_SAFE_INTEGER - 1 });
const double = fc.double();
const key = fc.string().filter((text) => text !== '__proto__');
const everything: fc.Arbitrary<Everything> = fc.record({
  nothing: fc.constant(null),
  flag: fc.boolean(),
  small: fc.integer(),
  large: long,
  real: double,
  text: fc.string({ unit: 'grapheme' }),
  raw: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  at: long,
  maybe: fc.option(fc.string()),
  colour: fc.constantFrom('red', 'green'),
  list: fc.array(long),
  table: fc.dictionary(key, double, { noNullPrototype: true }),
});

test('events of every kind are encoded as the Avro specification says, and decoded as they were', () => {
  fc.assert(
    fc.property(fc.array(everything, { maxLength: 5 }), (events) => {
      const { bytes, count, fingerprint } = everythingType.encodeBlock(events);
      expect(Buffer.from(bytes)).toEqual(referenceBlock(everyKind, events));
      expect(everythingType.decodeBlock(bytes)).toEqual(events);
      expect({ count, fingerprint }).toEqual({ count: events.length, fingerprint: everythingType.fingerprint });
    }),
  );
});

test('longs keep their sign and value to the last bit of what a number holds exactly', () => {
  const edges = [2 ** 52, 2 ** 52 + 1, 2 ** 53 - 2, 2 ** 31, 2 ** 30].flatMap((edge) => [
    edge,
    -edge,
    edge - 1,
    1 - edge,
  ]);
  const ids = edges.map((transactionId) => ({
    transactionId,
    customerId: -transactionId,
    terminalId: 0,
    amountCents: 0,
    occurredAt: 0,
  }));
  const { bytes } = transactionType.encodeBlock(ids);
  expect(Buffer.from(bytes)).toEqual(referenceBlock(transactionType.schema, ids));
  expect(transactionType.decodeBlock(bytes)).toEqual(ids);
});

test('a long that no number holds exactly is a bigint, up to the ends of 64 bits', () => {
  const { bytes } = transactionType.encodeBlock([
    { transactionId: 0, customerId: 0, terminalId: 0, amountCents: 0, occurredAt: 0 },
  ]);
  // A count of one, then the largest and the smallest 64-bit long in place of the first field.
  const ends = { feffffffffffffffff01: 2n ** 63n - 1n, ffffffffffffffffff01: -(2n ** 63n) };
  for (const [hex, value] of Object.entries(ends)) {
    const huge = Buffer.concat([bytes.subarray(0, 1), Buffer.from(hex, 'hex'), bytes.subarray(2)]);
    const [event] = transactionType.decodeBlock(huge);
    expect(event?.transactionId).toBe(value);
    expect(Buffer.from(transactionType.encode(event!)).subarray(0, 10).toString('hex')).toBe(hex);
  }
  const { schema } = transactionType;
  expect(() => dynamicEventType(schema).encode({ ...ids(), transactionId: 2n ** 63n })).toThrow();
});

function ids(): Record<string, number> {
  return { transactionId: 0, customerId: 0, terminalId: 0, amountCents: 0, occurredAt: 0 };
}

describe('a block', () => {
  const transaction = (transactionId: number): Transaction => ({
    transactionId,
    customerId: 1,
    terminalId: 2,
    amountCents: 3,
    occurredAt: 4,
  });

  test('is not changed by the blocks that are encoded after it', () => {
    const first = transactionType.encodeBlock([transaction(1)]);
    transactionType.encodeBlock([transaction(2)]);
    expect(transactionType.decodeBlock(first.bytes)).toEqual([transaction(1)]);
  });

  test('may be larger than any before it', () => {
    const events = Array.from({ length: 50_000 }, (_, i) => transaction(i));
    expect(transactionType.decodeBlock(transactionType.encodeBlock(events).bytes)).toEqual(events);
  });

  test('is decoded from the middle of a larger buffer', () => {
    const { bytes } = transactionType.encodeBlock([transaction(1)]);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    expect(transactionType.decodeBlock(larger.subarray(7, 7 + bytes.length))).toEqual([transaction(1)]);
  });

  test('is refused when it is cut short or has bytes left over', () => {
    const { bytes } = transactionType.encodeBlock([transaction(1), transaction(2)]);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => transactionType.decodeBlock(bytes.subarray(0, end))).toThrow();
    }
    expect(() => transactionType.decodeBlock(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow();
  });

  test('is not made of an event that departs from the schema, and the next one is whole', () => {
    const broken = { ...transaction(2), amountCents: 0.5 };
    expect(() => transactionType.encodeBlock([transaction(1), broken])).toThrow();
    const { bytes } = transactionType.encodeBlock([transaction(3)]);
    expect(transactionType.decodeBlock(bytes)).toEqual([transaction(3)]);
  });
});

describe('the path to what is invalid', () => {
  const valid = { transactionId: 1, customerId: 2, terminalId: 3, amountCents: 4, occurredAt: 5 };

  test.each([
    [valid, null],
    [{ ...valid, amountCents: 'four' }, ['amountCents']],
    [{ ...valid, amountCents: 4.5 }, ['amountCents']],
    [{ ...valid, amountCents: Number.NaN }, ['amountCents']],
    [{ ...valid, customerId: undefined }, ['customerId']],
  ])('of %o is %o', (value, path) => {
    expect(transactionType.invalidPath(value)).toEqual(path);
  });

  test('is one of an undeclared field too', () => {
    expect(transactionType.invalidPath({ ...valid, colour: 'red' })).not.toBeNull();
  });

  test('leads into maps', () => {
    const schema = { type: 'map', values: 'double' } as const;
    const type = eventType({ type: 'record', name: 'Mapped', fields: [{ name: 'aggregates', type: schema }] });
    expect(type.invalidPath({ aggregates: { sum: 'x' } })).toEqual(['aggregates', 'sum']);
  });
});

test("a schema that is not Avro's is refused when its type is made", () => {
  const field = { name: 'a', type: 'int' } as const;
  expect(() => eventType({ type: 'record', name: 'Twice', fields: [field, field] })).toThrow();
  expect(() => eventType({ type: 'record', name: 'no spaces', fields: [field] })).toThrow();
});

test('types of messages follow from their schemas', () => {
  expectTypeOf<Everything>().toEqualTypeOf<{
    nothing: null;
    flag: boolean;
    small: number;
    large: number;
    real: number;
    text: string;
    raw: Buffer;
    at: number;
    maybe: string | null;
    colour: 'red' | 'green';
    list: number[];
    table: Record<string, number>;
  }>();
  expectTypeOf(transactionType.decodeBlock).returns.toEqualTypeOf<Transaction[]>();
  expectTypeOf<AlertRaised['severity']>().toEqualTypeOf<'low' | 'medium' | 'high'>();
  expectTypeOf<AlertRaised['reasons'][number]['value']>().toEqualTypeOf<number>();
  expectTypeOf<WindowResult['key']>().toEqualTypeOf<string | null>();
  expectTypeOf<DeadLetter['raw']>().toEqualTypeOf<Buffer>();
});
