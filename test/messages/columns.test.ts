/** A block as columns says what decoding it says; the decoder of avsc and a written-down encoding are the judges. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AvroRecord, TIMESTAMP_MILLIS } from '../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../../src/messages/codec.ts';
import { type Columns, columnsOfEvents, textAt } from '../../src/messages/columns.ts';
import { referenceBlock } from './avro-reference.ts';

const schema: AvroRecord = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'at', type: TIMESTAMP_MILLIS },
    { name: 'small', type: 'int' },
    { name: 'ratio', type: 'double' },
    { name: 'flag', type: 'boolean' },
    { name: 'name', type: 'string' },
    { name: 'note', type: ['null', 'string'] },
    { name: 'limit', type: ['long', 'null'] },
    {
      name: 'inner',
      type: {
        type: 'record',
        name: 'Inner',
        fields: [
          { name: 'x', type: 'double' },
          { name: 'y', type: ['null', 'double'] },
        ],
      },
    },
  ],
};
const type = dynamicEventType(schema);
const MAX = 2 ** 53 - 2;
const EDGES = [0, -1, 63, 64, -64, -65, 2 ** 27, 2 ** 27 - 1, -(2 ** 27) - 1, 2 ** 52, -(2 ** 52) - 1, MAX, -MAX];
const long = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger().filter((n) => Math.abs(n) <= MAX),
  fc.constantFrom(...EDGES),
);
const double = fc.double();
/** A number that is not finite is null; where a field can't be null NaN stands for it. */
const finite = (x: number): number => (Number.isFinite(x) ? x : Number.NaN);
const row = fc.record({
  id: long,
  at: long,
  small: fc.integer(),
  ratio: double,
  flag: fc.boolean(),
  name: fc.string({ unit: 'grapheme' }),
  note: fc.option(fc.string({ unit: 'grapheme' })),
  limit: fc.option(long),
  inner: fc.record({ x: double, y: fc.option(double) }),
});
const rows = fc.array(row, { maxLength: 30 });
const eventsOf = (columns: Columns) => Array.from({ length: columns.count }, (_, i) => columns.event(i));
/** A union of avsc is the value itself for null and one other branch. */
const decoded = (of: EventType<DynamicEvent>, bytes: Uint8Array) =>
  of.decodeBlock(bytes).map((event) => JSON.parse(JSON.stringify(event)));

describe('the columns of a block', () => {
  test('hold what decoding it gives, for every value', () => {
    fc.assert(
      fc.property(rows, (events) => {
        const block = type.encodeBlock(events);
        const columns = type.columns(block);
        expect(JSON.parse(JSON.stringify(eventsOf(columns)))).toEqual(decoded(type, block.bytes));
        const name = columns.column('name');
        if (name?.kind !== 'text') throw new Error('name is a text');
        expect(events.map((_, i) => textAt(name, i))).toEqual(events.map(({ name: text }) => text));
        expect([...columns.numbers('inner.x')]).toEqual(events.map(({ inner }) => finite(inner.x)));
        const y = columns.column('inner.y');
        if (y?.kind !== 'number') throw new Error('inner.y is a number');
        const isNull = events.map(({ inner }) => (inner.y === null || !Number.isFinite(inner.y) ? 1 : 0));
        expect([...(y.nulls ?? [])]).toEqual(isNull);
        expect([...y.values]).toEqual(events.map(({ inner }, i) => (isNull[i] === 1 ? 0 : inner.y)));
        expect([...columns.numbers('id')]).toEqual(events.map(({ id }) => (id === 0 ? 0 : id)));
        const bytes = events.map((_, i) => Buffer.from(columns.binary(i) ?? '', 'latin1').toString('hex'));
        expect(bytes).toEqual(events.map((event) => type.encode(event).toString('hex')));
      }),
    );
  });

  test('are right in memory that an earlier block has used', () => {
    const read = type.columnReader();
    fc.assert(
      fc.property(rows, (events) => {
        const block = type.encodeBlock(events);
        expect(JSON.parse(JSON.stringify(eventsOf(read(block))))).toEqual(decoded(type, block.bytes));
      }),
    );
  });

  test('are the same when they are made of objects', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), (events) => {
        const fast = type.columns(type.encodeBlock(events));
        const slow = columnsOfEvents(events);
        for (const path of ['id', 'ratio', 'flag', 'limit', 'inner.y']) {
          const [a, b] = [fast.column(path), slow.column(path)];
          if (a?.kind !== 'number' || b?.kind !== 'number') throw new Error(`${path} is a number`);
          const known = (column: typeof a) =>
            [...column.values].map((v, i) => (column.nulls?.[i] === 1 || Number.isNaN(v) ? null : v));
          expect(known(b)).toEqual(known(a));
        }
      }),
    );
  });

  test('read what another writer laid out by the specification', () => {
    const plain: AvroRecord = { ...schema, fields: schema.fields.slice(0, 6) };
    const events = EDGES.map((id, i) => ({ id, at: -id, small: i, ratio: i / 3, flag: i % 2 === 0, name: `n${i}é🙂` }));
    const columns = dynamicEventType(plain).columns({ bytes: referenceBlock(plain, events), count: events.length });
    expect(eventsOf(columns)).toEqual(events.map((event) => ({ ...event, at: event.at === 0 ? 0 : event.at })));
  });

  test('read an array that comes in several runs, with and without their sizes', () => {
    const one: AvroRecord = { type: 'record', name: 'One', fields: [{ name: 'n', type: 'int' }] };
    // Avro, "Binary encoding", arrays: a run of 2, a run of −1 that is 1 byte long, and the end.
    const bytes = Buffer.from([4, 2, 4, 1, 2, 6, 0]);
    const columns = dynamicEventType(one).columns({ bytes, count: 3 });
    expect([...columns.numbers('n')]).toEqual([1, 2, 3]);
    expect([0, 1, 2].map((i) => columns.binary(i))).toEqual(['\u0002', '\u0004', '\u0006']);
  });

  test('refuse a block that is cut anywhere, or is of another length than it should be', () => {
    const events = fc.sample(row, { numRuns: 3, seed: 7 });
    const { bytes } = type.encodeBlock(events);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => type.columns({ bytes: bytes.slice(0, length), count: 3 })).toThrow();
    }
    expect(() => type.columns({ bytes, count: 2 })).toThrow('holds more');
    expect(() => type.columns({ bytes, count: 4 })).toThrow('holds 3');
    expect(() => type.columns({ bytes: Buffer.concat([bytes, Buffer.from([0])]), count: 3 })).toThrow('goes on');
  });

  test('of a schema with an array are made of objects', () => {
    const listed: AvroRecord = {
      ...schema,
      fields: [...schema.fields.slice(0, 1), { name: 'l', type: { type: 'array', items: 'int' } }],
    };
    const columns = dynamicEventType(listed).columns(dynamicEventType(listed).encodeBlock([{ id: 5, l: [1, 2] }]));
    expect([...columns.numbers('id')]).toEqual([5]);
    expect(columns.event(0)).toMatchObject({ id: 5, l: [1, 2] });
    expect(() => columns.numbers('l')).toThrow('no numeric field l');
  });
});

describe('a block that is written event by event', () => {
  test('is the block of the whole array, and the next one starts anew', () => {
    const writer = type.blockWriter();
    fc.assert(
      fc.property(rows, (events) => {
        for (const event of events) writer.push(event);
        expect(writer.length).toBe(events.length);
        const block = writer.take();
        if (events.length === 0) expect(block).toBeNull();
        else expect({ ...block }).toEqual(type.encodeBlock(events));
        expect(writer.length).toBe(0);
      }),
    );
  });

  test.each([
    { id: 1.5 },
    { id: Number.NaN },
    { id: 2 ** 53 },
    { id: '1' },
    { small: 2 ** 31 },
    { small: -(2 ** 31) - 1 },
    { ratio: '0.5' },
    { flag: 1 },
    { name: null },
    { note: 5 },
    { limit: 'x' },
    { inner: { x: null, y: 0 } },
  ])('refuses %j, and goes on', (change) => {
    const [event = {}] = fc.sample(row, { numRuns: 1, seed: 3 });
    const writer = type.blockWriter();
    writer.push(event);
    expect(() => writer.push({ ...event, ...change })).toThrow();
    writer.push(event);
    expect(writer.take()).toEqual(type.encodeBlock([event, event]));
  });

  test('grows with what is put in, and does not keep an event that does not fit', () => {
    const one = dynamicEventType({ type: 'record', name: 'Text', fields: [{ name: 't', type: 'string' }] });
    const events = Array.from({ length: 300 }, (_, i) => ({ t: 'x'.repeat(i * 20) }));
    const writer = one.blockWriter();
    for (const event of events) {
      writer.push(event);
      expect(() => writer.push({ t: 5 })).toThrow();
    }
    expect(writer.take()).toEqual(one.encodeBlock(events));
  });
});
