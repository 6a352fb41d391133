/** What must hold of windows of every kind, for every input. The oracles are the kinds' definitions, computed plainly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import type { Windowing, WindowSpec } from '../../src/streams/window-kind.ts';
import { type DriverOptions, drivePartition, END, type Step, together } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'id', type: 'long' },
  ],
} as const satisfies AvroRecord;

/** How far an event may come behind a later one: more than most windows below are long. */
const BOUND_MS = 20;

function windowOf(window: Windowing, change: Partial<WindowSpec> = {}): WindowSpec {
  return {
    name: 'w',
    keyField: 'key',
    window,
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: [
      { name: 'ids', fn: 'collect', field: 'id' },
      { name: 'largest', fn: 'max', field: 'id' },
      { name: 'distinct', fn: 'distinct', field: 'id' },
    ],
    ...change,
  };
}
const tumbling: Windowing = { kind: 'tumbling', sizeMs: 10, offsetMs: 3 };
const hopping: Windowing = { kind: 'hopping', sizeMs: 10, everyMs: 4, offsetMs: 1 };
const sliding: Windowing = { kind: 'sliding', sizeMs: 9 };
const session: Windowing = { kind: 'session', gapMs: 6 };
const count: Windowing = { kind: 'count', count: 3 };

/** With lateness, without, with early results, of one group, and of some of the events. */
const variantsOf = (window: Windowing): WindowSpec[] => [
  windowOf(window),
  windowOf(window, { allowedLatenessMs: 15 }),
  windowOf(window, { keyField: null, where: 'id % 3 != 1 and key is not null' }),
  ...(window.kind === 'sliding' ? [] : [windowOf(window, { earlyMs: 7, allowedLatenessMs: 8 })]),
];
const SPECS = [
  ...[tumbling, hopping, sliding, session].flatMap(variantsOf),
  windowOf(count),
  windowOf(count, { keyField: null }),
];
const named = (specs: readonly WindowSpec[]): (readonly [string, WindowSpec])[] =>
  specs.map((spec) => [
    `${JSON.stringify(spec.window)} lateness ${spec.allowedLatenessMs} early ${spec.earlyMs} key ${spec.keyField} where ${spec.where}`,
    spec,
  ]);
const optionsOf = (spec: WindowSpec): DriverOptions => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'bounded', outOfOrdernessMs: BOUND_MS },
  windows: [spec],
});

interface Event {
  readonly key: string;
  readonly ts: number;
  readonly id: number;
}
const event = fc.record({ key: fc.constantFrom('a', 'b', 'c'), ts: fc.integer({ min: -40, max: 90 }) });
const withIds = (list: readonly Omit<Event, 'id'>[]): Event[] => list.map((one, id) => ({ ...one, id }));
const events = fc.array(event, { maxLength: 40 }).map(withIds);
const step = (one: Event): Step => ({ ...one });
const steps = fc
  .array(fc.oneof({ weight: 5, arbitrary: event }, fc.record({ watermark: fc.integer({ min: -40, max: 130 }) })), {
    maxLength: 25,
  })
  .map((list) => list.map((one, id): Step => ('watermark' in one ? one : { ...one, id })));
/** Events in two orders of arrival, in neither of which one comes more than the bound behind a later one. */
const delays = fc.array(fc.integer({ min: 0, max: BOUND_MS }), { minLength: 40, maxLength: 40 });
const arranged = (input: readonly Event[], by: readonly number[]): Event[] =>
  input
    .map((one, i) => ({ one, at: one.ts + (by[i] ?? 0) }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);

const run = (spec: WindowSpec, input: readonly Step[]) => drivePartition(optionsOf(spec)).pipe(...input, END);
const idsOf = ({ aggregates }: WindowResult): number[] => [aggregates.ids ?? []].flat().map(Number);
const inOrder = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

/** What a reader is left with: each window's newest result, and of sessions those that no later one covers. */
function finals({ window }: WindowSpec, results: readonly WindowResult[]): WindowResult[] {
  if (window.kind === 'count') return [...results];
  return results.filter(
    (one) =>
      !results.some(
        (other) =>
          other.key === one.key &&
          (window.kind === 'session'
            ? other.start <= one.start &&
              other.end >= one.end &&
              (isLonger(other, one) || other.revision > one.revision)
            : other.start === one.start && other.revision > one.revision),
      ),
  );
}
const isLonger = (one: WindowResult, other: WindowResult): boolean => one.end - one.start > other.end - other.start;
/** Windows with their events, whatever came before. */
const windowsOf = (results: readonly WindowResult[]): string[] =>
  results.map((one) => `${one.key} [${one.start},${one.end}) ${inOrder(idsOf(one))}`).sort();

/** The events that a window takes. */
function takenBy({ where }: WindowSpec, input: readonly Event[]): Event[] {
  return where === null ? [...input] : input.filter(({ id }) => id % 3 !== 1);
}

/** The windows of events that all come in time, by the definitions. */
function defined({ window, keyField }: WindowSpec, input: readonly Event[]): string[] {
  const found: string[] = [];
  for (const key of keyField === null ? [null] : ['a', 'b', 'c']) {
    const own = input.filter((one) => key === null || one.key === key);
    for (const [start, end, isIn] of spansOf(window, own)) {
      const inside = own.filter(({ ts }) => isIn(ts)).map(({ id }) => id);
      if (inside.length > 0) found.push(`${key} [${start},${end}) ${inOrder(inside)}`);
    }
  }
  return found.sort();
}

type Span = readonly [start: number, end: number, isIn: (ts: number) => boolean];

function spansOf(window: Windowing, own: readonly Event[]): Span[] {
  switch (window.kind) {
    case 'tumbling':
    case 'hopping': {
      const everyMs = window.kind === 'hopping' ? window.everyMs : window.sizeMs;
      const halfOpen = (start: number): Span => {
        const end = start + window.sizeMs;
        return [start, end, (ts) => start <= ts && ts < end];
      };
      return Array.from({ length: 100 }, (_, i) => halfOpen(window.offsetMs + (i - 40) * everyMs));
    }
    case 'sliding': {
      const starts = new Set(own.flatMap(({ ts }) => [ts - window.sizeMs, ts + 1]));
      return [...starts].map((start) => [
        start,
        start + window.sizeMs,
        (ts) => start <= ts && ts <= start + window.sizeMs,
      ]);
    }
    case 'session': {
      const times = inOrder(own.map(({ ts }) => ts));
      const cuts = times.filter((ts, i) => i === 0 || ts - times[i - 1]! > window.gapMs);
      return cuts.map((first, i) => {
        const last = times.findLast((ts) => ts < (cuts[i + 1] ?? Number.POSITIVE_INFINITY)) ?? first;
        return [first, last + window.gapMs, (ts) => first <= ts && ts <= last];
      });
    }
    case 'table':
      return [];
    case 'count':
      throw new Error('The windows of a count depend on the order of arrival');
  }
}

const BY_TIME = SPECS.filter(({ window }) => window.kind !== 'count');

describe.each(named(BY_TIME))('%s', (_, spec) => {
  test('events that come within the bound are in the windows of the definition, whatever their order', () => {
    fc.assert(
      fc.property(events, delays, delays, (input, first, second) => {
        const expected = defined(spec, takenBy(spec, input));
        for (const order of [first, second]) {
          const { windows, late } = run(spec, arranged(input, order).map(step));
          expect(late).toEqual([]);
          expect(windowsOf(finals(spec, windows))).toEqual(expected);
          // A session may go on with an event exactly a gap behind its last one, and then gives its next revision.
          const isOnce = spec.window.kind !== 'session';
          if (isOnce) expect(finals(spec, windows).every(({ revision }) => revision === 0)).toBe(true);
          if (isOnce && spec.earlyMs === null) expect(windows.every(({ revision }) => revision === 0)).toBe(true);
        }
      }),
    );
  });

  test('1, 2 and 8 partitions give the same', () => {
    if (spec.keyField === null) return;
    fc.assert(
      fc.property(events, delays, (input, order) => {
        const arrived = arranged(input, order);
        const on = (partitions: number): string[] =>
          Array.from({ length: partitions }, (__, partition) => {
            const own = arrived.filter(({ key }) => partitionOf(key, partitions) === partition);
            return windowsOf(finals(spec, run(spec, own.map(step)).windows));
          })
            .flat()
            .sort();
        expect(on(2)).toEqual(on(1));
        expect(on(8)).toEqual(on(1));
      }),
      { numRuns: 8 },
    );
  });
});

/** Whether a session spans another and lacks events of it. */
function isWithout(session: WindowResult, other: WindowResult): boolean {
  if (session.key !== other.key || session.start > other.start || session.end < other.end) return false;
  const ids = idsOf(session);
  return session.end - session.start > other.end - other.start && !idsOf(other).every((id) => ids.includes(id));
}

describe.each(named(SPECS))('%s', (_, spec) => {
  test('each event is in a window or late, and for each window that it is not in it is counted as late', () => {
    fc.assert(
      fc.property(events, (input) => {
        const taken = takenBy(spec, input);
        const { windows, late } = run(spec, input.map(step));
        // As in Flink: a session that is forgotten, and begins again within its lateness, has none of its earlier events.
        fc.pre(
          spec.window.kind !== 'session' || !windows.some((one) => windows.some((other) => isWithout(other, one))),
        );
        const last = finals(spec, windows);
        const emitted = last.flatMap(idsOf);
        const lost: { id: number; windows: number }[] = late.map((one) => ({
          id: JSON.parse(one.event).id,
          windows: one.windows,
        }));
        const seen = new Set([...emitted, ...lost.map(({ id }) => id)]);
        expect(inOrder([...seen])).toEqual(inOrder(taken.map(({ id }) => id)));
        expect(new Set(lost.map(({ id }) => id)).size).toBe(lost.length);
        const { window } = spec;
        if (window.kind === 'sliding') {
          // Of its windows, the one that ends with it.
          for (const { id, ts } of taken) {
            const isIn = last.some((one) => one.end === ts && idsOf(one).includes(id));
            expect(lost.some((one) => one.id === id)).toBe(!isIn);
          }
          return;
        }
        const windowsEach = (ts: number): number =>
          window.kind === 'hopping' ? spansOf(window, []).filter(([, , isIn]) => isIn(ts)).length : 1;
        const pairs = taken.reduce((sum, { ts }) => sum + windowsEach(ts), 0);
        expect(emitted.length + lost.reduce((sum, one) => sum + one.windows, 0)).toBe(pairs);
      }),
    );
  });

  test('revisions of a window count up, and each has more events than the one before unless it is the one on time', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const { windows } = run(spec, input);
        const byId = new Map<string, WindowResult[]>();
        for (const one of windows) {
          const id = spec.window.kind === 'session' ? `${one.key} ${one.start} ${one.end}` : `${one.key} ${one.start}`;
          byId.set(id, [...(byId.get(id) ?? []), one]);
        }
        if (spec.window.kind === 'count') return;
        for (const results of byId.values()) {
          for (const [i, one] of results.entries()) {
            const before = results[i - 1];
            if (before === undefined) {
              if (spec.window.kind !== 'session' && spec.earlyMs === null) expect(one.revision).toBe(0);
              continue;
            }
            expect(one.revision).toBeGreaterThan(before.revision);
            expect(one.count).toBeGreaterThanOrEqual(before.count);
            if (spec.earlyMs === null) expect(one.count).toBeGreaterThan(before.count);
          }
        }
      }),
    );
  });

  test('the same steps, cut into batches in any way, give the same results in the same order', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (input, sizes) => {
        const driver = drivePartition(optionsOf(spec));
        const parts = [];
        for (let from = 0, i = 0; from < input.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          parts.push(driver.pipe(...input.slice(from, from + size)));
          from += size;
        }
        const cut = together([...parts, driver.pipe(END)]);
        const whole = run(spec, input);
        expect(cut.windows).toEqual(whole.windows);
        expect(cut.late).toEqual(whole.late);
      }),
      { numRuns: 10 },
    );
  });

  test('stopped after any step and restored from a snapshot, a partition commits the bytes of one that never stopped', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const all = [...input, END];
        const unbroken = drivePartition(optionsOf(spec));
        const snapshots = all.map((one) => {
          const snapshot = unbroken.snapshot();
          unbroken.pipe(one);
          return snapshot;
        });
        for (const [i, snapshot] of snapshots.entries()) {
          const restored = drivePartition(optionsOf(spec), snapshot);
          for (const one of all.slice(i)) restored.pipe(one);
          const rest = unbroken.commits.slice(i);
          expect(restored.commits).toEqual(rest);
          expect(Buffer.from(restored.snapshot()).equals(unbroken.snapshot())).toBe(true);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('once every window has closed nothing is left of it', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const driver = drivePartition(optionsOf(spec));
        driver.pipe(...input, END);
        expect(driver.groups()).toBe(0);
      }),
      { numRuns: 10 },
    );
  });
});
