/** A declared stream with a field of every kind that a schema may have, in its first version and in a later one. */
import fc from 'fast-check';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { DynamicEvent } from '../../src/messages/codec.ts';
import { recordOf } from '../../src/messages/codec.ts';
import type { StreamShape } from '../../src/projections/stream-tables.ts';

/** By way of JSON, as a file has it: `date` and `fixed` are not in the types of our own schemas. */
const schemaOf = (fields: readonly object[]): AvroRecord =>
  recordOf(JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields })).schema;

const TIME = { type: 'long', logicalType: 'timestamp-millis' };
const KEPT = [
  { name: 'id', type: 'string' },
  { name: 'at', type: TIME },
];

export const FIRST: AvroRecord = schemaOf([...KEPT, { name: 'amount', type: 'int' }, { name: 'gone', type: 'double' }]);

export const LATER: AvroRecord = schemaOf([
  ...KEPT,
  { name: 'amount', type: 'double' },
  { name: 'added', type: ['null', 'string'], default: null },
  { name: 'country', type: 'string', default: 'DE' },
]);

export const WIDE: AvroRecord = schemaOf([
  ...KEPT,
  { name: 'i', type: 'int' },
  { name: 'l', type: ['null', 'long'] },
  { name: 'd', type: ['double', 'null'] },
  { name: 'b', type: ['null', 'boolean'] },
  { name: 't', type: ['null', 'string'] },
  { name: 'when', type: ['null', TIME] },
  { name: 'day', type: { type: 'int', logicalType: 'date' } },
  { name: 'state', type: { type: 'enum', name: 'State', symbols: ['open', 'a_state_of_more_than_twelve_letters'] } },
  { name: 'before', type: ['null', 'State'] },
  { name: 'raw', type: ['null', 'bytes'] },
  { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 2 } },
  {
    name: 'place',
    type: {
      type: 'record',
      name: 'Place',
      fields: [
        { name: 'city', type: 'string' },
        { name: 'lat', type: 'double' },
      ],
    },
  },
  { name: 'other', type: ['null', 'Place'] },
  { name: 'list', type: { type: 'array', items: 'long' } },
  { name: 'map', type: { type: 'map', values: 'string' } },
  { name: 'either', type: ['null', 'string', 'long'] },
]);

export const shapeOf = (schema: AvroRecord, name = 'shop.orders'): StreamShape => ({
  name,
  schema,
  key: 'id',
  timeField: 'at',
});

const text = fc.oneof(fc.string({ maxLength: 40, unit: 'grapheme' }), fc.constantFrom('', "it's", '\u0000', '"'));
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });
const place = fc.record({ city: text, lat: fc.double({ noNaN: true }) });
const raw = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const whole = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 53) + 2, max: 2 ** 53 - 2 }));

export const wideEvent: fc.Arbitrary<DynamicEvent> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'a key of more than twelve letters', "'; --"),
  at: fc.integer({ min: 0, max: 20 }),
  i: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  l: orNull(whole),
  d: orNull(fc.double({ noNaN: true })),
  b: orNull(fc.boolean()),
  t: orNull(text),
  when: orNull(fc.integer({ min: -1e12, max: 4e12 })),
  day: fc.integer({ min: -100_000, max: 100_000 }),
  state: fc.constantFrom('open', 'a_state_of_more_than_twelve_letters'),
  before: orNull(fc.constantFrom('open', 'a_state_of_more_than_twelve_letters')),
  raw: orNull(raw),
  hash: fc.uint8Array({ minLength: 2, maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
  place,
  other: orNull(place),
  list: fc.array(whole, { maxLength: 4 }),
  map: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), text, { maxKeys: 3 }),
  either: fc.oneof(fc.constant(null), text, whole),
});
