/** Events within the bound give the same results in whatever order they come: sessions exactly a gap apart, and ties. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { AggregateSpec } from '../../src/streams/aggregate-function.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import type { Windowing } from '../../src/streams/window-kind.ts';
import { type DerivedEvents, drivePartition, END } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: ['null', 'double'] },
    { name: 'word', type: ['null', 'string'] },
  ],
} as const satisfies AvroRecord;

const BOUND_MS = 6;
const GAP_MS = 3;

const of = (fn: string, field: 'x' | 'word', more: Partial<AggregateSpec> = {}): AggregateSpec => ({
  name: `${fn}_${field}`,
  fn,
  field,
  isNullable: true,
  ...(field === 'word' ? { isText: true } : {}),
  ...more,
});
const aggregates = [
  ...['first', 'last', 'collect', 'list_distinct'].flatMap((fn) => [of(fn, 'x'), of(fn, 'word')]),
  of('arg_max', 'word', { by: 'x' }),
  of('arg_min', 'word', { by: 'x' }),
  of('top', 'word', { argument: 2 }),
  ...['sum', 'avg', 'stddev', 'median'].map((fn) => of(fn, 'x')),
];

const WINDOWS: readonly Windowing[] = [
  { kind: 'session', gapMs: GAP_MS },
  { kind: 'tumbling', sizeMs: GAP_MS, offsetMs: 0 },
  { kind: 'hopping', sizeMs: 4, everyMs: 2, offsetMs: 1 },
  { kind: 'sliding', sizeMs: GAP_MS },
];

/** Of few times and values, so that sessions touch and most events have company. */
const event = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  ts: fc.oneof(
    fc.nat(8).map((n) => n * GAP_MS),
    fc.nat(24),
  ),
  x: fc.option(fc.constantFrom(0.1, 0.2, 0.3, 1e16)),
  word: fc.option(fc.constantFrom('a', 'b', 'c')),
});
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** By time and a delay within the bound; of one time by the second number. */
const ordered = fc.array(fc.tuple(event, fc.nat(BOUND_MS), fc.nat(BOUND_MS), fc.nat(), fc.nat()), { maxLength: 24 });
const inOrder = (drawn: readonly (readonly [Event, number, number, number, number])[], which: 0 | 1): Event[] =>
  drawn
    .map((one) => ({ event: one[0], at: one[0].ts + one[which === 0 ? 1 : 2], tie: one[which === 0 ? 3 : 4] }))
    .sort((a, b) => a.at - b.at || a.tie - b.tie)
    .map((one) => one.event);

function run(window: Windowing, events: readonly Event[]): DerivedEvents {
  const watermark = { kind: 'bounded', outOfOrdernessMs: BOUND_MS } as const;
  const spec = { name: 'w', keyField: 'key', window, allowedLatenessMs: 0, earlyMs: null, where: null, aggregates };
  return drivePartition({ schema, timeField: 'ts', watermark, windows: [spec] }).pipe(...events, END);
}

/** What a reader is left with of a window or session: the newest revision of each start, as text. */
function left(results: readonly WindowResult[]): string[] {
  const newest = new Map<string, WindowResult>();
  for (const { aggregates: values, ...one } of results)
    newest.set(`${one.key} ${one.start}`, { ...one, aggregates: { ...values } });
  return [...newest.values()].map(({ revision: _, at: __, ...rest }) => JSON.stringify(rest)).sort();
}

test.each(WINDOWS)('on 1 and 4 partitions: %j', (window) => {
  const on = (partitions: number, events: readonly Event[]): string[] =>
    Array.from({ length: partitions }, (_, partition) => {
      const { windows, late } = run(
        window,
        events.filter(({ key }) => partitionOf(key, partitions) === partition),
      );
      expect(late).toEqual([]);
      return left(windows);
    })
      .flat()
      .sort();
  fc.assert(
    fc.property(ordered, (drawn) => {
      const expected = on(1, inOrder(drawn, 0));
      expect(on(1, inOrder(drawn, 1))).toEqual(expected);
      expect(on(4, inOrder(drawn, 1))).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test('an event exactly a gap behind a session that has just fired joins it', () => {
  const at = (ts: number): Event => ({ key: 'a', ts, x: 0.1, word: null });
  const spans = (events: readonly Event[]) =>
    run({ kind: 'session', gapMs: GAP_MS }, events).windows.map(({ start, end, count, revision }) => [
      start,
      end,
      count,
      revision,
    ]);
  // The event at 9 makes the watermark 2, the last millisecond of the session of the event at 0.
  expect(spans([at(0), at(9), at(3)])).toEqual([
    [0, 3, 1, 0],
    [0, 6, 2, 1],
    [9, 12, 1, 0],
  ]);
  expect(spans([at(0), at(3), at(9)])).toEqual([
    [0, 6, 2, 0],
    [9, 12, 1, 0],
  ]);
});
