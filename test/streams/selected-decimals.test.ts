/** Decimals that a derived stream computes, beside DuckDB's: small ones, those at the end of what a double holds, and wider. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { derivedEventType } from '../../src/messages/derived-event.ts';
import { bytesOfUnscaled } from '../../src/messages/logical-types.ts';
import { decimalText } from '../../src/messages/number-text.ts';
import { exactInteger } from '../../src/sql/value.ts';
import { createSelection, type SelectionSpec, selectedFields } from '../../src/streams/selection.ts';
import { duckdbRows } from '../sql/duckdb.ts';

const schema = {
  type: 'record',
  name: 'Price',
  namespace: 'test',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'd', type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 }] },
    { name: 'n', type: ['null', 'long'] },
  ],
} as const satisfies AvroRecord;

const SPEC: SelectionSpec = {
  name: 'prices',
  where: null,
  fields: [
    ...[
      'd',
      'n',
      'n * 0.908',
      'd + d',
      'd * 1.5 - 0.25',
      '-d',
      'CASE WHEN d > 0 THEN d ELSE n * 0.5 END',
      'CAST(d AS DECIMAL(30, 2)) * d',
    ],
    'CAST(n AS DECIMAL(25, 3))',
  ].map((expression, i) => ({ name: `c${i}`, expression })),
  language: 'sql',
};

const around = (edge: bigint) => fc.integer({ min: -300, max: 300 }).map((near) => edge + BigInt(near));
const whole = fc.oneof(
  ...[0n, 128n, 32_768n, 2n ** 31n, 2n ** 47n, 2n ** 53n, 10n ** 15n].flatMap((edge) => [around(edge), around(-edge)]),
);
const row = fc.record({ d: fc.option(whole), n: fc.option(whole) });

test('computed decimals are those of DuckDB to the last digit, in as few bytes as they need', async () => {
  const type = dynamicEventType(schema);
  const derived = derivedEventType(SPEC.name, selectedFields(SPEC, schema));
  const selection = createSelection(SPEC, schema);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 80, maxLength: 80 }), async (rows) => {
      const events = rows.map(({ d, n }, at) => {
        return { at, d: d === null ? null : bytesOfUnscaled(d, null), n: n === null ? null : exactInteger(n) };
      });
      const writer = derived.blockWriter();
      const columns = type.columns(type.encodeBlock(events));
      selection.begin(columns, columns.numbers('at'), writer, null);
      for (let i = 0; i < columns.count; i++) expect(selection.add(i, writer)).toBeNull();
      const block = writer.take();
      const given = block === null ? [] : derived.type.decodeBlock(block.bytes);
      const values = rows.map(({ d, n }, i) => {
        const price = d === null ? 'NULL' : decimalText(d, 2);
        return `(${i}, CAST(${price} AS DECIMAL(18, 2)), CAST(${n ?? 'NULL'} AS BIGINT))`;
      });
      const theirs = await duckdbRows(
        `SELECT ${SPEC.fields.map(({ expression }) => `CAST(${expression} AS VARCHAR)`).join(', ')}
         FROM (VALUES ${values.join(', ')}) AS t(i, d, n) ORDER BY i`,
      );
      const json = given.map((event) => derived.type.eventJson(event));
      for (const [i, theirRow] of theirs.entries()) {
        const members = theirRow.map((value, c) => `"c${c}":${value}`).join(',');
        expect(json[i]).toBe(`{${members},"ts":${i}}`);
      }
      // Encoded once more by way of objects the block has the same bytes.
      expect(Buffer.from(derived.type.encodeBlock(given).bytes).equals(Buffer.from(block?.bytes ?? []))).toBe(true);
    }),
    { numRuns: 6 },
  );
});
