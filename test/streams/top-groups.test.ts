/** The largest groups of a window are those of which RANK() says so, among all that the window gives without it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Reading',
  namespace: 'test',
  fields: [
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'place', type: 'string' },
    { name: 'x', type: ['null', 'long'] },
  ],
} as const satisfies AvroRecord;

const reading = fc.record({
  ts: fc.nat(99),
  place: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  x: fc.option(fc.integer({ min: -3, max: 3 }), { freq: 3 }),
});
const WINDOWS = [
  { kind: 'tumbling', sizeMs: 20, offsetMs: 3 },
  { kind: 'hopping', sizeMs: 30, everyMs: 10, offsetMs: 0 },
] as const;

test('of every window the groups are given than which fewer than `limit` have more', () => {
  fc.assert(
    fc.property(
      fc.array(reading, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...WINDOWS),
      fc.constantFrom('n', 'total'),
      (rows, limit, window, by) => {
        const all: WindowSpec = {
          name: 'all',
          keyField: 'place',
          window,
          allowedLatenessMs: 0,
          earlyMs: null,
          where: null,
          aggregates: [
            { name: 'n', fn: 'count', field: null },
            { name: 'total', fn: 'sum', field: 'x', isNullable: true },
          ],
        };
        const windows = [all, { ...all, name: 'top', top: { by, limit } }];
        const options = {
          schema,
          timeField: 'ts',
          watermark: { kind: 'bounded', outOfOrdernessMs: 10 },
          windows,
        } as const;
        const { windows: results, late } = drivePartition(options).pipe(...rows, END);
        const of = (name: string) => results.filter((result) => result.window === name);
        const rankedBy = (result: (typeof results)[number]) => Number(result.aggregates[by] ?? Number.NaN);
        const expected = of('all').filter((result) => {
          const rivals = of('all')
            .filter(({ start }) => start === result.start)
            .map(rankedBy);
          const rank = rivals.filter((value) => value > rankedBy(result)).length;
          return result.aggregates[by] !== null && rank < limit;
        });
        expect(of('top')).toEqual(expected.map((result) => ({ ...result, window: 'top' })));
        expect(late.filter((event) => event.window === 'top')).toHaveLength(late.length / 2);
      },
    ),
  );
});
