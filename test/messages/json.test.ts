import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { transactionSchema } from '../../src/fraud/schemas.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createInstantParser } from '../../src/messages/instant.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';

const orderSchema = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'userId', type: ['null', 'string'], default: null },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'double' },
    { name: 'count', type: 'int', default: 1 },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['open', 'paid'] }, default: 'open' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'paidAt', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Item',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'price', type: 'long' },
          ],
        },
      },
      default: [],
    },
    { name: 'tags', type: { type: 'map', values: 'boolean' }, default: {} },
    { name: 'signature', type: 'bytes', default: '' },
  ],
} as const satisfies AvroRecord;

const order = createJsonDecoder(orderSchema, 'userId');
const orderType = dynamicEventType(orderSchema);
const transaction = createJsonDecoder(transactionSchema, 'customerId');
const VALID = { transactionId: 1, customerId: 2, terminalId: 3, amountCents: 450, occurredAt: 1_522_540_831_000 };
const MINIMAL = { userId: 'key1', occurredAt: 1000, amount: 3 };

describe('a valid line', () => {
  test('gives the event', () => {
    expect(transaction.line(JSON.stringify(VALID))).toEqual({ ok: true, event: VALID });
  });

  test('may come as UTF-8 bytes', () => {
    const bytes = new Uint8Array(Buffer.from('{"userId":"Zoë 🙂","occurredAt":1000,"amount":3}'));
    expect(order.line(bytes)).toMatchObject({ ok: true, event: { userId: 'Zoë 🙂' } });
  });

  test('has missing fields filled with the defaults of the schema, in the form that Avro encodes', () => {
    const decoded = order.value(MINIMAL);
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(decoded.event).toEqual({
      ...MINIMAL,
      count: 1,
      state: 'open',
      note: null,
      paidAt: null,
      items: [],
      tags: {},
      signature: Buffer.alloc(0),
    });
    expect(orderType.decode(orderType.encode(decoded.event))).toEqual(decoded.event);
    expect(MINIMAL).toEqual({ userId: 'key1', occurredAt: 1000, amount: 3 });
  });

  test('may hold nested records, lists, maps, enums, unions and bytes', () => {
    const value = {
      ...MINIMAL,
      state: 'paid',
      note: 'thanks',
      paidAt: '1970-01-01T00:00:02Z',
      items: [{ sku: 'a', price: 1 }],
      tags: { gift: true, constructor: false },
      signature: '\u0000ÿ',
    };
    const decoded = order.value(value);
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(decoded.event).toEqual({ ...value, count: 1, paidAt: 2000, signature: Buffer.from([0, 255]) });
    expect(orderType.invalidPath(decoded.event)).toBeNull();
  });
});

describe('what is not an event', () => {
  const bad = (change: object) => ({ ...VALID, ...change });
  const { amountCents: _, ...withoutAmount } = VALID;

  test.each([
    ['{"a":', 'not-json', ''],
    ['', 'not-json', ''],
    ['NaN', 'not-json', ''],
    ["{'a':1}", 'not-json', ''],
    ['null', 'not-an-object', 'null'],
    ['[1]', 'not-an-object', 'an array'],
    ['"text"', 'not-an-object', 'a string'],
    ['17', 'not-an-object', 'a number'],
    [JSON.stringify(withoutAmount), 'missing-field', 'amountCents is missing'],
    [JSON.stringify(bad({ colour: 'red' })), 'unknown-field', 'colour is not a field'],
    [JSON.stringify(bad({ toString: 1 })), 'unknown-field', 'toString is not a field'],
    [JSON.stringify(bad({ amountCents: '12' })), 'wrong-type', 'amountCents must be a whole number: found "12"'],
    [JSON.stringify(bad({ amountCents: 1.5 })), 'wrong-type', 'amountCents must be a whole number: found 1.5'],
    [JSON.stringify(bad({ amountCents: null })), 'wrong-type', 'found null'],
    [JSON.stringify(bad({ amountCents: [1] })), 'wrong-type', 'found a list'],
    [JSON.stringify(bad({ amountCents: true })), 'wrong-type', 'found true'],
    [JSON.stringify(bad({ customerId: null })), 'null-key', 'customerId is the key'],
    [JSON.stringify(bad({ occurredAt: '2018-04-01T00:00:31' })), 'invalid-time', 'found "2018-04-01T00:00:31"'],
    [JSON.stringify(bad({ occurredAt: 1.5 })), 'invalid-time', 'found 1.5'],
    [JSON.stringify(bad({ occurredAt: 8.64e15 + 1 })), 'invalid-time', 'occurredAt'],
    [JSON.stringify(bad({ occurredAt: null })), 'invalid-time', 'found null'],
  ])('is refused: %s', (line, reason, detail) => {
    const decoded = transaction.line(line);
    expect(decoded).toMatchObject({ ok: false, reason });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test.each([
    [
      {
        items: [
          { sku: 'a', price: 1 },
          { sku: 'b', price: 'x' },
        ],
      },
      'wrong-type',
      'items[1].price',
    ],
    [{ items: [{ sku: 'a' }] }, 'missing-field', 'items[0].price'],
    [{ items: [{ sku: 'a', price: 1, colour: 2 }] }, 'unknown-field', 'items[0].colour'],
    [{ items: { 0: 'a' } }, 'wrong-type', 'items'],
    [{ items: [null] }, 'wrong-type', 'items[0]'],
    [{ tags: { gift: 1 } }, 'wrong-type', 'tags.gift'],
    [{ tags: [] }, 'wrong-type', 'tags'],
    [{ state: 'lost' }, 'wrong-type', 'state must be one of open, paid: found "lost"'],
    [{ note: 5 }, 'wrong-type', 'note must be null or string: found 5'],
    [{ paidAt: 'yesterday' }, 'invalid-time', 'paidAt'],
    [{ signature: 'Ā' }, 'wrong-type', 'signature'],
    [{ count: 2 ** 31 }, 'too-large', 'count'],
    [{ amount: '3' }, 'wrong-type', 'amount'],
    [{ userId: null }, 'null-key', 'userId'],
  ])('is refused with the path to it: %j', (change, reason, detail) => {
    const decoded = order.value({ ...MINIMAL, ...change });
    expect(decoded).toMatchObject({ ok: false, reason });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test('is a missing key that would be null by default', () => {
    expect(order.value({ occurredAt: 1, amount: 1 })).toMatchObject({ ok: false, reason: 'null-key' });
  });

  test('is text that is not UTF-8, which decoding would quietly replace', () => {
    const bytes = Buffer.from('{"userId":"\xff","occurredAt":1000,"amount":3}', 'latin1');
    expect(order.line(bytes)).toEqual({ ok: false, reason: 'not-json', detail: 'the bytes are not UTF-8' });
  });

  test.each(['9007199254740992', '9007199254740993', '-9007199254740993', '1e300', '123456789012345678901'])(
    'is an integer that no number holds, in an event of the engine, quoted as it was written: %s',
    (digits) => {
      const line = JSON.stringify(VALID).replace('450', digits);
      const decoded = transaction.line(line);
      expect(decoded).toMatchObject({ ok: false, reason: 'too-large' });
      expect(decoded).toHaveProperty(
        'detail',
        expect.stringContaining(`amountCents is beyond ±(2^53 − 1): found ${digits}`),
      );
    },
  );

  test('are not the largest integers that a number holds', () => {
    for (const amountCents of [2 ** 53 - 1, -(2 ** 53) + 1]) {
      expect(transaction.line(JSON.stringify(bad({ amountCents })))).toMatchObject({
        ok: true,
        event: { amountCents },
      });
    }
  });
});

describe('a number that is not finite', () => {
  const schema: AvroRecord = {
    type: 'record',
    name: 'A',
    fields: [
      { name: 'key', type: 'double' },
      { name: 'x', type: ['null', 'double'], default: null },
      { name: 'f', type: ['null', 'float'], default: null },
      { name: 'list', type: { type: 'array', items: ['null', 'double'] }, default: [] },
      { name: 'must', type: 'double', default: 0 },
    ],
  };
  const decoder = createJsonDecoder(schema, 'key');

  test.each(['1e999', '-1e999', '"NaN"', '"Infinity"', '"-Infinity"'])('is null where null may stand: %s', (number) => {
    const line = `{"key":1,"x":${number},"f":${number},"list":[1,${number}]}`;
    expect(decoder.line(line)).toMatchObject({ ok: true, event: { x: null, f: null, list: [1, null] } });
    const must = decoder.line(`{"key":1,"must":${number}}`);
    expect(must.ok && Number.isFinite(must.event.must)).toBe(false);
    expect(decoder.line(`{"key":${number}}`)).toMatchObject({ ok: false, reason: 'null-key' });
  });

  test('is one in a float that only a double holds', () => {
    expect(decoder.line('{"key":1,"x":1e300,"f":1e300}')).toMatchObject({ ok: true, event: { x: 1e300, f: null } });
  });

  test('is no text that only looks like one', () => {
    for (const text of ['', 'nano', '1', 'NaN ', '--inf']) {
      expect(decoder.value({ key: 1, x: text })).toMatchObject({ ok: false, reason: 'wrong-type' });
    }
  });
});

describe('__proto__', () => {
  test('is an unknown field and changes no prototype', () => {
    const decoded = transaction.line(`{"__proto__":{"admin":true},${JSON.stringify(VALID).slice(1)}`);
    expect(decoded).toMatchObject({ ok: false, reason: 'unknown-field' });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('does not stand in for a missing field', () => {
    const decoded = transaction.line(`{"__proto__":${JSON.stringify(VALID)}}`);
    expect(decoded).toMatchObject({ ok: false, reason: 'missing-field' });
  });

  test('is refused as the key of a map, where Avro would lose it', () => {
    expect(order.line('{"userId":"a","occurredAt":1,"amount":1,"tags":{"__proto__":true}}')).toMatchObject({
      ok: false,
      reason: 'unknown-field',
    });
  });
});

describe('a schema of a user', () => {
  test('may refer to itself, to a depth that spares the stack', () => {
    const tree = JSON.parse(
      '{"type":"record","name":"Node","fields":[{"name":"id","type":"int"},{"name":"next","type":["null","Node"]}]}',
    );
    const decoder = createJsonDecoder(tree, 'id');
    const chain = (length: number) => `${'{"id":1,"next":'.repeat(length)}null${'}'.repeat(length)}`;
    expect(decoder.line(chain(20))).toMatchObject({ ok: true });
    expect(decoder.line(chain(50_000))).toMatchObject({ ok: false, reason: 'too-large' });
    expect(decoder.line(chain(20))).toMatchObject({ ok: true });
  });

  test('may not have a union that JSON can not tell apart', () => {
    const schema = { type: 'record', name: 'A', fields: [{ name: 'x', type: ['int', 'double'] }] } as const;
    expect(() => createJsonDecoder(schema, 'x')).toThrow('number');
  });
});

test('whatever is accepted is valid to the Avro library, and nothing throws', () => {
  const mostly = (usual: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue() });
  const instant = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
  const mutated = fc
    .record(
      {
        userId: mostly(fc.string()),
        occurredAt: mostly(
          fc.oneof(
            fc.integer(),
            instant.map((date) => date.toISOString()),
          ),
        ),
        amount: mostly(fc.double({ noNaN: true, noDefaultInfinity: true })),
        count: mostly(fc.integer()),
        state: mostly(fc.constantFrom('open', 'paid')),
        items: mostly(fc.array(fc.record({ sku: fc.string(), price: fc.maxSafeInteger() }))),
        tags: mostly(fc.dictionary(fc.string(), fc.boolean())),
        signature: mostly(fc.constantFrom('', '\u0000ÿ')),
      },
      { requiredKeys: ['userId', 'occurredAt', 'amount'] },
    )
    .map((value) => JSON.stringify(value));
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(mutated, (line) => {
      const decoded = order.line(line);
      if (!decoded.ok) refused += 1;
      if (!decoded.ok) return;
      accepted += 1;
      expect(orderType.invalidPath(decoded.event)).toBeNull();
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});

describe('an instant', () => {
  const { text } = createInstantParser();

  test('of any time and zone is what ECMAScript reads', () => {
    const zone = fc.constantFrom('Z', '+00:00', '+05:30', '-08:00', '+13:45');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        zone,
        (date, offset) => {
          const written = date.toISOString().replace('Z', offset);
          expect(text(written)).toBe(Date.parse(written));
        },
      ),
    );
  });

  test.each([
    ['2018-04-01T00:00:31Z', 1_522_540_831_000],
    ['2018-04-01T00:00Z', 1_522_540_800_000],
    ['2018-04-01T02:00:31+0200', 1_522_540_831_000],
    ['2018-04-01T00:00:31.5Z', 1_522_540_831_500],
    ['2018-04-01T00:00:31.123456789Z', 1_522_540_831_123],
    ['2020-02-29T00:00:00Z', 1_582_934_400_000],
    ['1969-12-31T23:59:59.999Z', -1],
    // As PostgreSQL, Python, Ruby and BigQuery write them.
    ['2018-04-01 00:00:31Z', 1_522_540_831_000],
    ['2018-04-01 00:00:31+00', 1_522_540_831_000],
    ['2018-04-01 02:00:31.5+02', 1_522_540_831_500],
    ['2018-04-01 05:30:31,5 +0530', 1_522_540_831_500],
    ['2018-04-01 00:00:31 UTC', 1_522_540_831_000],
  ])('%s is read', (written, epochMs) => {
    expect(text(written)).toBe(epochMs);
  });

  test.each([
    '2018-04-01T00:00:31',
    '2018-04-01',
    '2018-02-29T00:00:00Z',
    '2018-13-01T00:00:00Z',
    '2018-00-10T00:00:00Z',
    '2018-04-00T00:00:00Z',
    '2018-04-31T00:00:00Z',
    '2018-04-01T24:00:00Z',
    '2018-04-01T23:60:00Z',
    '2018-04-01T23:59:60Z',
    '2018-04-01 00:00:31',
    '2018-04-01  00:00:31Z',
    '2018-04-01 00:00:31+0',
    '2018-04-01 00:00:31  Z',
    '2018-04-01T00:00:31.Z',
    '2018-04-01T00:00:31Zulu',
    '2018-04-01T00:00:31+24:00',
    '2018-04-01T00:00:31+1',
    '2018-4-1T00:00:00Z',
    ' 2018-04-01T00:00:31Z',
    'Sun, 01 Apr 2018 00:00:31 GMT',
    '２018-04-01T00:00:31Z',
    '',
  ])('is not %j', (written) => {
    expect(text(written)).toBeNaN();
  });
});
