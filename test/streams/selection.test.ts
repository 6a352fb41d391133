/** Derived streams: what is written row by row is what JavaScript computes event by event. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../../src/messages/codec.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { derivedEventType } from '../../src/messages/derived-event.ts';
import { createSelection, type SelectionSpec, selectedFields } from '../../src/streams/selection.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'id', type: 'long' },
    { name: 'x', type: ['double', 'null'] },
    { name: 'on', type: ['null', 'boolean'] },
    { name: 'word', type: ['null', 'string'] },
    { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: 'y', type: 'int' }] } },
  ],
} as const satisfies AvroRecord;

const SPEC: SelectionSpec = {
  name: 'w-x.1',
  where: 'inner.y % 2 == 0',
  fields: [
    { name: 'id', expression: 'id' },
    { name: 'same', expression: 'x' },
    { name: 'twice', expression: 'x * 2 + inner.y' },
    { name: 'isOn', expression: 'on' },
    { name: 'isBig', expression: 'x > 1 or inner.y > 3' },
    { name: 'word', expression: 'word' },
    { name: 'kind', expression: "'é''s'" },
    { name: 'y', expression: 'inner.y' },
  ],
};

const reading = fc.record({
  at: fc.nat(1e12),
  id: fc.oneof(fc.maxSafeInteger(), fc.integer()).filter((id) => Math.abs(id) < 2 ** 53 - 1),
  x: fc.option(fc.double()),
  on: fc.option(fc.boolean()),
  word: fc.option(fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 90, unit: 'grapheme' }))),
  inner: fc.record({ y: fc.integer({ min: -5, max: 5 }) }),
});
type Reading = typeof reading extends fc.Arbitrary<infer T> ? T : never;

/** SQL's or: true when either is, else null when either is. */
function isBig({ x, inner }: Reading): boolean | null {
  if (inner.y > 3) return true;
  return finite(x) === null ? null : Number(x) > 1;
}

/** What is not finite is null. */
const finite = (x: number | null): number | null => (Number.isFinite(x) ? x : null);

function plainly(row: Reading): DynamicEvent {
  const { at, id, x, on, word, inner } = row;
  const twice = x === null ? null : finite(x * 2 + inner.y);
  return { id, same: finite(x), twice, isOn: on, isBig: isBig(row), word, kind: "é's", y: inner.y, ts: at };
}

/** 0 and -0 are one number in what Avro holds as a long, and JSON has no infinity. */
const shown = (events: readonly unknown[]): string[] =>
  events.map((event) => JSON.stringify(event, (_, value) => (typeof value === 'number' ? `${value}` : value)));

test('a derived stream has of each event that is taken what is selected, however it was read', () => {
  const type = dynamicEventType(schema);
  const derived = derivedEventType(SPEC.name, selectedFields(SPEC, schema));
  const writer = derived.blockWriter();
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 30 }), (rows) => {
      const expected = rows.filter(({ inner }) => inner.y % 2 === 0).map(plainly);
      for (const columns of [type.columns(type.encodeBlock(rows)), columnsOfEvents(rows)]) {
        const selection = createSelection(SPEC, schema);
        selection.begin(columns, columns.numbers('at'), writer, null);
        for (let row = 0; row < columns.count; row++) selection.add(row, writer);
        expect(writer.length).toBe(expected.length);
        const block = writer.take();
        expect(shown(block === null ? [] : derived.type.decodeBlock(block.bytes))).toEqual(shown(expected));
      }
    }),
    // A number too large for the row's own writer, beside one that is not finite.
    {
      examples: [
        [[{ at: 0, id: 2 ** 52, x: Number.POSITIVE_INFINITY, on: null, word: null, inner: { y: 0 } }]],
        [[{ at: 0, id: 2 ** 52, x: Number.NaN, on: null, word: null, inner: { y: 0 } }]],
      ],
    },
  );
});

test('a field as it is keeps its type, what is computed may be null', () => {
  expect(selectedFields(SPEC, schema)).toEqual([
    { name: 'id', type: 'long' },
    { name: 'same', type: ['double', 'null'] },
    { name: 'twice', type: ['null', 'double'] },
    { name: 'isOn', type: ['null', 'boolean'] },
    { name: 'isBig', type: ['null', 'boolean'] },
    { name: 'word', type: ['null', 'string'] },
    { name: 'kind', type: 'string' },
    { name: 'y', type: 'int' },
  ]);
});
