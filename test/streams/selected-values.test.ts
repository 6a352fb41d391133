/** Derived streams by SQL: values of any type, events that an expression fails on, and logs derived in the language before. */
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { derivedEventType } from '../../src/messages/derived-event.ts';
import { createSelection, createView, type SelectionSpec, selectedFields } from '../../src/streams/selection.ts';

const schema = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'long' },
    { name: 'note', type: ['null', 'string'] },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'customer', type: { type: 'record', name: 'Customer', fields: [{ name: 'city', type: 'string' }] } },
  ],
} as const satisfies AvroRecord;

const order = (amount: number, note: string | null) => ({
  at: 90_000_000,
  amount,
  note,
  tags: ['x', 'y'],
  customer: { city: 'Rome' },
});

function specOf(
  select: Readonly<Record<string, string>>,
  language?: 'sql',
  where: string | null = null,
): SelectionSpec {
  const fields = Object.entries(select).map(([name, expression]) => ({ name, expression }));
  return { name: 'd', where, fields, ...(language === undefined ? {} : { language }) };
}

function derive(spec: SelectionSpec, orders: readonly object[]) {
  const type = dynamicEventType(schema);
  const columns = type.columns(type.encodeBlock(orders.map((each) => ({ ...each }))));
  const derived = derivedEventType('d', selectedFields(spec, schema));
  const writer = derived.blockWriter();
  const selection = createSelection(spec, schema);
  selection.begin(columns, columns.numbers('at'), writer, null);
  const faults = orders.map((_, row) => selection.add(row, writer));
  const block = writer.take();
  return { faults, events: block === null ? [] : derived.type.decodeBlock(block.bytes) };
}

test('what is selected may be of any type, and comes back as it was', () => {
  const select = {
    customer: 'customer',
    again: 'customer',
    tags: 'tags',
    first: 'tags[1]',
    twice: 'amount * 2',
    big: 'amount * 1000000000000000000',
    exact: 'amount * 1.1',
    text: "note || '!'",
    day: 'CAST(at AS DATE)',
    later: "at + INTERVAL '1' HOUR",
    made: "{'a': amount, 'b': [1, amount]}",
    by: "MAP {'k': amount}",
  };
  const { faults, events } = derive(specOf(select, 'sql'), [order(3, 'hi'), order(4, null)]);
  expect(faults).toEqual([null, null]);
  expect(events[0]).toEqual({
    customer: { city: 'Rome' },
    again: { city: 'Rome' },
    tags: ['x', 'y'],
    first: 'x',
    twice: 6,
    big: 3_000_000_000_000_000_000n,
    exact: Buffer.from([33]),
    text: 'hi!',
    day: 1,
    later: 93_600_000,
    made: { a: 3, b: [1, 3] },
    by: { k: 3 },
    ts: 90_000_000,
  });
  expect(events[1]).toMatchObject({ text: null, twice: 8 });
});

test('an event that an expression fails on is left out with the fault and its place, and the rest goes on', () => {
  const spec = specOf(
    { n: 'CAST(note AS BIGINT)', m: 'amount + 9223372036854775807' },
    'sql',
    'CAST(note AS BIGINT) > 1',
  );
  const { faults, events } = derive(spec, [order(-1, '2'), order(1, 'x'), order(1, '2'), order(-2, '3')]);
  expect(faults).toEqual([
    null,
    "where, at character 1: 'x' is no BIGINT",
    'm, at character 8: 9223372036854775808 is beyond the 64 bits of a BIGINT',
    null,
  ]);
  expect(events).toMatchObject([{ n: 2, m: 9223372036854775806n }, { n: 3 }]);
});

test('a log that was derived before expressions were SQL is derived as it was', () => {
  const spec = specOf({ twice: 'amount * 2', is: 'note = "hi"' });
  expect(selectedFields(spec, schema)).toEqual([
    { name: 'twice', type: ['null', 'double'] },
    { name: 'is', type: ['null', 'boolean'] },
  ]);
  expect(derive(spec, [order(3, 'hi')]).events).toEqual([{ twice: 6, is: true, ts: 90_000_000 }]);
  expect(selectedFields({ ...specOf({ twice: 'amount * 2' }), language: 'sql' }, schema)).toEqual([
    { name: 'twice', type: ['null', 'long'] },
  ]);
});

test('a view has what is computed as columns, of the rows that are taken', () => {
  const type = dynamicEventType(schema);
  const columns = type.columns(type.encodeBlock([order(1, 'a'), order(5, 'b')]));
  const view = createView({ selection: specOf({ c: 'customer', u: 'upper(note)' }, 'sql', 'amount > 2'), schema });
  const seen = view.begin(columns, columns.numbers('at'));
  expect([view.takes(0), view.takes(1)]).toEqual([false, true]);
  expect(seen.event(1)).toEqual({ c: { city: 'Rome' }, u: 'B', ts: 90_000_000 });
  expect(seen.column('c.city')?.kind).toBe('text');
});
