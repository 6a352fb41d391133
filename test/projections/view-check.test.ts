/** A view beside DuckDB's answer, where the two have times of other units. */
import { expect, test } from 'vitest';
import { checkView } from '../../src/projections/view-check.ts';

const MICROS = { type: 'long', logicalType: 'timestamp-micros' } as const;
const MILLIS = { type: 'long', logicalType: 'timestamp-millis' } as const;
const events = [{ ts: 1_767_225_600_000_123 }, { ts: -1 }, { ts: null }];
const check = (view: readonly (number | null)[]) =>
  checkView({
    statement: 'SELECT ts, ts + INTERVAL 1 SECOND AS later FROM s',
    tables: [
      { name: 's', schema: { type: 'record', name: 'S', fields: [{ name: 'ts', type: ['null', MICROS] }] }, events },
    ],
    view: {
      schema: {
        type: 'record',
        name: 'V',
        fields: [
          { name: 'ts', type: ['null', MICROS] },
          { name: 'later', type: ['null', MILLIS] },
        ],
      },
      events: view.map((later, i) => ({ ...events[i], later })),
    },
    without: [],
    closedMs: null,
    sessions: { keys: [], where: null },
  });

test('what a view computes of microseconds is compared in milliseconds, cut off towards the past', async () => {
  expect(await check([1_767_225_601_000, 999, null])).toMatchObject({ rows: 3, missing: 0, surplus: 0 });
  expect(await check([1_767_225_601_001, 999, null])).toMatchObject({ rows: 3, missing: 1, surplus: 1 });
});
