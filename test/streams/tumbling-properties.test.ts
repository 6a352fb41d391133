/** What must hold of windows for every input: see each test's name. The oracle is a plain grouping of the events. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import { windowStart } from '../../src/streams/window-kind.ts';
import { type DriverOptions, drivePartition, END, type Step, together } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: 'long' },
  ],
} as const satisfies AvroRecord;
const aggregates = [
  { name: 'sum', fn: 'sum', field: 'value' },
  { name: 'min', fn: 'min', field: 'value' },
  { name: 'max', fn: 'max', field: 'value' },
  { name: 'avg', fn: 'avg', field: 'value' },
] as const;
const spec = (name: string, sizeMs: number, offsetMs: number, allowedLatenessMs: number) => ({
  name,
  keyField: 'key',
  window: { kind: 'tumbling' as const, sizeMs, offsetMs },
  allowedLatenessMs,
  earlyMs: null,
  where: null,
  aggregates,
});
/** A bound of 20 ms, under which windows of 10 ms and 7 ms both see late events. */
const BOUND_MS = 20;
const WINDOWS = [spec('tens', 10, 3, 15), spec('sevens', 7, 0, 0)];
const options: DriverOptions = {
  schema,
  timeField: 'ts',
  watermark: { kind: 'bounded', outOfOrdernessMs: BOUND_MS },
  windows: WINDOWS,
};

interface Event {
  readonly key: string;
  readonly ts: number;
  readonly value: number;
}
const event: fc.Arbitrary<Event> = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  ts: fc.integer({ min: -100, max: 200 }),
  value: fc.integer({ min: -1000, max: 1000 }),
});
const events = fc.array(event, { maxLength: 60 });
const controls = fc.record({ watermark: fc.integer({ min: -100, max: 250 }) });
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: event.map((one) => ({ ...one })) }, controls), {
  maxLength: 40,
});

const step = (one: Event): Step => ({ ...one });
const run = (input: readonly Step[]) => drivePartition(options).pipe(...input, END);

type NamedResult = WindowResult & { readonly window: string };

/** The newest revision of each window and key, in an order that depends on nothing else. */
function finals(results: readonly NamedResult[]): Map<string, Omit<NamedResult, 'at' | 'revision'>> {
  const newest = new Map<string, NamedResult>();
  for (const result of results) newest.set(`${result.window} ${result.start} ${result.key}`, result);
  return new Map([...newest].sort().map(([id, { at, revision, ...rest }]) => [id, rest]));
}

function groupBy<T>(items: readonly T[], idOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(idOf(item), [...(groups.get(idOf(item)) ?? []), item]);
  return groups;
}

/** A group by window and key, by the definitions alone. */
function grouped(input: readonly Event[], { name, window: { sizeMs, offsetMs } }: (typeof WINDOWS)[number]) {
  const groups = groupBy(input, ({ key, ts }) => `${name} ${Math.floor((ts - offsetMs) / sizeMs)} ${key}`);
  return [...groups.values()].map((group) => {
    const values = group.map(({ value }) => value);
    const [{ key, ts } = { key: '', ts: 0 }] = group;
    const start = Math.floor((ts - offsetMs) / sizeMs) * sizeMs + offsetMs;
    const sum = values.reduce((a, b) => a + b, 0);
    const minmax = { min: Math.min(...values), max: Math.max(...values) };
    return {
      window: name,
      key,
      start,
      end: start + sizeMs,
      count: group.length,
      aggregates: { sum, ...minmax, avg: sum / group.length },
    };
  });
}

/** Orders events so that none comes more than the bound behind the largest time before it. */
const withinBound = fc
  .array(fc.tuple(event, fc.integer({ min: 0, max: BOUND_MS })), { maxLength: 60 })
  .map((delayed) => delayed.sort(([a, x], [b, y]) => a.ts + x - (b.ts + y)).map(([one]) => one));

describe('for every input', () => {
  test('that arrives within the bound, each window and key has one result: what a plain grouping gives', () => {
    fc.assert(
      fc.property(withinBound, (input) => {
        const { windows, late } = run(input.map(step));
        expect(late).toEqual([]);
        expect(windows.every(({ revision }) => revision === 0)).toBe(true);
        const expected = WINDOWS.flatMap((one) => grouped(input, one));
        expect(windows).toHaveLength(expected.length);
        const { size } = finals(windows);
        expect(size).toBe(expected.length);
        expect([...finals(windows).values()]).toEqual(expect.arrayContaining(expected));
      }),
    );
  });

  test('any two orders of arrival within the bound give the same final results', () => {
    const order = fc.array(fc.integer({ min: 0, max: BOUND_MS }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), order, order, (input, first, second) => {
        const arranged = (delays: number[]): Step[] =>
          input
            .map((one, i) => ({ one, at: one.ts + (delays[i] ?? 0) }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => step(one));
        expect(finals(run(arranged(first)).windows)).toEqual(finals(run(arranged(second)).windows));
      }),
    );
  });

  test('each event is counted in one result of each window definition or is late for it, never both or neither', () => {
    fc.assert(
      fc.property(events, (input) => {
        const { windows, late } = run(input.map(step));
        for (const one of WINDOWS) {
          // A partition's watermark before an event, from the definition: largest time before it − bound − 1.
          let largest = Number.NEGATIVE_INFINITY;
          const [onTime, tooLate]: [Event[], Event[]] = [[], []];
          for (const candidate of input) {
            const lastMs = windowStart(candidate.ts, one.window.sizeMs, one.window.offsetMs) + one.window.sizeMs - 1;
            (lastMs + one.allowedLatenessMs <= largest - BOUND_MS - 1 ? tooLate : onTime).push(candidate);
            largest = Math.max(largest, candidate.ts);
          }
          const results = windows.filter(({ window }) => window === one.name);
          const expected = grouped(onTime, one);
          expect(finals(results).size).toBe(expected.length);
          expect([...finals(results).values()]).toEqual(expect.arrayContaining(expected));
          const lateEvents = late.filter(({ window }) => window === one.name).map((record) => JSON.parse(record.event));
          expect(lateEvents).toEqual(tooLate);
        }
      }),
    );
  });

  test('revisions of a window and key count up from 0, each with one event more than the one before', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const byId = groupBy(run(input).windows, ({ window, key, start }) => `${window} ${key} ${start}`);
        for (const results of byId.values()) {
          expect(results.map(({ revision }) => revision)).toEqual(results.map((_, i) => i));
          const first = results[0]?.count ?? 0;
          expect(results.map(({ count }) => count)).toEqual(results.map((_, i) => first + i));
        }
      }),
    );
  });

  test('the same events, cut into batches in any way, give the same results in the same order', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (input, sizes) => {
        const driver = drivePartition(options);
        const parts = [];
        for (let from = 0, i = 0; from < input.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          parts.push(driver.pipe(...input.slice(from, from + size)));
          from += size;
        }
        const cut = together([...parts, driver.pipe(END)]);
        const whole = run(input);
        for (const { name } of WINDOWS) {
          expect(cut.windows.filter(({ window }) => window === name)).toEqual(
            whole.windows.filter(({ window }) => window === name),
          );
          expect(cut.late.filter(({ window }) => window === name)).toEqual(
            whole.late.filter(({ window }) => window === name),
          );
        }
      }),
    );
  });

  test('a partition that is restored from a snapshot after any step commits the bytes of one that never stopped', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const all = [...input, END];
        const unbroken = drivePartition(options);
        const snapshots = all.map((one) => {
          const snapshot = unbroken.snapshot();
          unbroken.pipe(one);
          return snapshot;
        });
        for (const [i, snapshot] of snapshots.entries()) {
          const restored = drivePartition(options, snapshot);
          for (const one of all.slice(i)) restored.pipe(one);
          const before = drivePartition(options);
          for (const one of all.slice(0, i)) before.pipe(one);
          expect(Buffer.concat([before.bytes(), restored.bytes()]).equals(unbroken.bytes())).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('a partition that replays its log from the start, or from any snapshot, ends in the same state', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (input, cut) => {
        const live = drivePartition(options);
        const at = input.length === 0 ? 0 : cut % input.length;
        let snapshot = live.snapshot();
        for (const [i, one] of input.entries()) {
          live.pipe(one);
          if (i === at) snapshot = live.snapshot();
        }
        const fromStart = drivePartition(options);
        for (const commit of live.commits) fromStart.replay(commit);
        const fromSnapshot = drivePartition(options, snapshot);
        for (const commit of live.commits.slice(input.length === 0 ? 0 : at + 1)) fromSnapshot.replay(commit);
        expect(Buffer.from(fromStart.snapshot()).equals(live.snapshot())).toBe(true);
        expect(Buffer.from(fromSnapshot.snapshot()).equals(live.snapshot())).toBe(true);
      }),
    );
  });
});
