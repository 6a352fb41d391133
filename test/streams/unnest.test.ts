/** Lists taken apart: the rows of a block as plain JavaScript over its events. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { derivedEventType } from '../../src/messages/derived-event.ts';
import { exactInteger } from '../../src/sql/value.ts';
import { createSelection, type SelectionSpec, selectedFields } from '../../src/streams/selection.ts';

const schema = {
  type: 'record',
  name: 'Order',
  namespace: 'test',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'id', type: 'string' },
    { name: 'n', type: ['null', 'long'] },
    { name: 'tags', type: ['null', { type: 'array', items: 'string' }] },
    { name: 'amounts', type: { type: 'array', items: ['null', 'long'] } },
  ],
} as const satisfies AvroRecord;

const SPEC: SelectionSpec = {
  name: 'lines',
  where: "id <> 'no'",
  fields: [
    { name: 'id', expression: 'id' },
    { name: 'tag', expression: 'unnest(tags)' },
    { name: 'n', expression: 'n' },
    { name: 'amount', expression: 'unnest(list_reverse(amounts))' },
    { name: 'record', expression: 'unnest([{a: n}, NULL])' },
  ],
  language: 'sql',
};

const order = fc.record({
  at: fc.nat(1e12),
  id: fc.constantFrom('a', 'ä', 'no'),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  tags: fc.option(fc.array(fc.string(), { maxLength: 4 })),
  amounts: fc.array(fc.option(fc.integer()), { maxLength: 4 }),
});
type Order = typeof order extends fc.Arbitrary<infer T> ? T : never;

const exact = (n: bigint | null): number | bigint | null => (n === null ? null : exactInteger(n));

function plainly({ at, id, n, tags, amounts }: Order): unknown[] {
  const backwards = amounts.toReversed();
  const length = id === 'no' ? 0 : Math.max(2, tags?.length ?? 0, amounts.length);
  return Array.from({ length }, (_, i) => ({
    id,
    tag: tags?.[i] ?? null,
    n: exact(n),
    amount: backwards[i] ?? null,
    record: i === 0 ? { a: exact(n) } : null,
    ts: at,
  }));
}

const shown = (rows: readonly unknown[]): string[] =>
  rows.map((row) =>
    JSON.stringify(row, (_, value) => (['number', 'bigint'].includes(typeof value) ? `${value}` : value)),
  );

test('an event gives one for each element of its longest list, and nulls behind the end of a shorter one', () => {
  const type = dynamicEventType(schema);
  const derived = derivedEventType(SPEC.name, selectedFields(SPEC, schema));
  const writer = derived.blockWriter();
  const selection = createSelection(SPEC, schema);
  fc.assert(
    fc.property(fc.array(order, { minLength: 1, maxLength: 10 }), (orders) => {
      const columns = type.columns(type.encodeBlock(orders.map((each) => ({ ...each, n: exact(each.n) }))));
      selection.begin(columns, columns.numbers('at'), writer, null);
      for (let row = 0; row < columns.count; row++) expect(selection.add(row, writer)).toBeNull();
      const block = writer.take();
      const given = block === null ? [] : derived.type.decodeBlock(block.bytes);
      expect(shown(given)).toEqual(shown(orders.flatMap(plainly)));
    }),
  );
});
