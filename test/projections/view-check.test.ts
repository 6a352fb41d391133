/** A view beside DuckDB's answer, where the two have times of other units. */
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { checkView } from '../../src/projections/view-check.ts';

/** Fields of times that may be null; users' schemas have units that built-in ones have not. */
function timesOf(units: Readonly<Record<string, 'micros' | 'millis'>>): AvroRecord {
  const fields = Object.entries(units).map(([name, unit]) => {
    return { name, type: ['null', { type: 'long', logicalType: `timestamp-${unit}` }] };
  });
  return JSON.parse(JSON.stringify({ type: 'record', name: 'Times', fields }));
}

const events = [{ ts: 1_767_225_600_000_123 }, { ts: -1 }, { ts: null }];
const check = (later: readonly (number | null)[]) =>
  checkView({
    statement: 'SELECT ts, ts + INTERVAL 1 SECOND AS later FROM s',
    tables: [{ name: 's', schema: timesOf({ ts: 'micros' }), events }],
    view: {
      schema: timesOf({ ts: 'micros', later: 'millis' }),
      events: later.map((each, i) => ({ ...events[i], later: each })),
    },
    without: [],
    closedMs: null,
    sessions: { keys: [], where: null },
  });

test('what a view computes of microseconds is compared in milliseconds, cut off towards the past', async () => {
  expect(await check([1_767_225_601_000, 999, null])).toMatchObject({ rows: 3, missing: 0, surplus: 0 });
  expect(await check([1_767_225_601_001, 999, null])).toMatchObject({ rows: 3, missing: 1, surplus: 1 });
});
