/** Joins against other engines' tests, and against their definition by brute force. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJoin } from '../../src/streams/join-by-kind.ts';
import type { Joined, JoinSpec, JoinType, Side, StreamJoinSpec, TableJoinSpec } from '../../src/streams/join-kind.ts';

const NEVER = Number.NEGATIVE_INFINITY;
const END = 8.64e15;

/** `A` of the left side, `a` of the right. */
const name = ({ left, right }: Joined): string => `${left}-${right}`;

/** L and R sides with their values, `-` for none, as Kafka's tests name them; the watermark follows in order. */
function run(spec: JoinSpec, script: string, watermarkOf: (times: { left: number; right: number }) => number) {
  const join = createJoin(spec);
  const seen = { left: NEVER, right: NEVER };
  let watermarkMs = NEVER;
  const steps = script.split(/\s+/).map((step) => {
    const [, letter = '', value = '', time = ''] = /^([LR])(.)@(\d+)$/.exec(step) ?? [];
    const side: Side = letter === 'L' ? 'left' : 'right';
    const timeMs = Number(time);
    const out: Joined[] = [];
    const isDeletion = value === '-';
    if (isDeletion && side === 'left') return [];
    if (isDeletion) join.remove('right', 'k', timeMs, watermarkMs, out);
    else join.add(side, 'k', timeMs, value, watermarkMs, out);
    seen[side] = Math.max(seen[side], timeMs);
    watermarkMs = Math.max(watermarkMs, watermarkOf(seen));
    join.advance(watermarkMs, out);
    return out.map((joined) => `${name(joined)}@${joined.ts}`);
  });
  const rest: Joined[] = [];
  join.advance(END, rest);
  return { steps, rest: rest.map((joined) => `${name(joined)}@${joined.ts}`), size: join.size() };
}

describe('K11, Kafka stream-stream join of 10 s', () => {
  const script = 'LA@3 Ra@4 LB@5 Rb@6 LC@9 Rc@10 Rd@14 LD@15';
  const inner = [
    [],
    ['A-a@4'],
    ['B-a@5'],
    ['A-b@6', 'B-b@6'],
    ['C-a@9', 'C-b@9'],
    ['A-c@10', 'B-c@10', 'C-c@10'],
    ['A-d@14', 'B-d@14', 'C-d@14'],
    ['D-a@15', 'D-b@15', 'D-c@15', 'D-d@15'],
  ];
  const join = (type: JoinType, withinMs = 10_000): JoinSpec => ({ kind: 'interval', type, withinMs, graceMs: 0 });
  const minimum = ({ left, right }: { left: number; right: number }) => Math.min(left, right) - 1;

  test('inner', () => {
    expect(run(join('inner'), script, minimum)).toEqual({ steps: inner, rest: [], size: 0 });
  });
  test.each(['left', 'outer'] as const)('%s gives no null side for what matched', (type) => {
    expect(run(join(type), script, minimum)).toEqual({ steps: inner, rest: [], size: 0 });
  });
  test('a null side comes once window and grace have closed', () => {
    const spec: JoinSpec = { kind: 'interval', type: 'outer', withinMs: 2, graceMs: 1 };
    const { steps, rest } = run(spec, 'LA@3 Rb@6 LC@7 Rd@8 LE@20 Rf@20', minimum);
    expect(steps).toEqual([[], [], ['C-b@7'], ['C-d@8', 'A-null@3'], [], ['E-f@20']]);
    expect(rest).toEqual([]);
  });
});

describe('K13, Kafka temporal join with a versioned table, grace 2', () => {
  const script =
    'L-@1 R-@2 LA@3 Ra@4 LB@5 Rb@6 L-@7 R-@8 LC@9 Rc@10 R-@11 L-@12 R-@13 Rd@7 LD@6 L-@2 R-@3 Re@14 LE@15 L-@10 R-@9 LF@4 Rf@3';
  const join = (type: 'inner' | 'left'): JoinSpec => ({ kind: 'table', type, graceMs: 2, historyMs: 1000 });
  /** Kafka's tasks go by the stream's time alone. */
  const ofStream = ({ left }: { left: number }) => left - 1;
  const given = ({ steps }: ReturnType<typeof run>) =>
    steps.flatMap((results, step) => results.map((result) => `${step} ${result}`));

  test('inner', () => {
    expect(given(run(join('inner'), script, ofStream))).toEqual(['8 B-a@5', '14 D-b@6', '21 F-a@4']);
  });
  test('left adds the events without a row', () => {
    expect(given(run(join('left'), script, ofStream))).toEqual([
      '4 A-null@3',
      '8 B-a@5',
      '14 D-b@6',
      '18 C-null@9',
      '21 F-a@4',
    ]);
  });
});

/** So short that events of one time, and of the watermark's time, are frequent. */
const BOUND_MS = 4;
const arrivals = fc
  .array(
    fc.record({
      side: fc.constantFrom<Side>('left', 'right'),
      key: fc.constantFrom('a', 'b'),
      gapMs: fc.nat(3),
      delayMs: fc.nat(BOUND_MS),
    }),
    { maxLength: 40 },
  )
  .map((drawn) => {
    let atMs = 0;
    return drawn.map(({ side, key, gapMs, delayMs }, v) => {
      atMs += gapMs;
      return { side, key, timeMs: atMs - delayMs, watermarkMs: atMs - BOUND_MS - 1, v };
    });
  });
type Arrival = typeof arrivals extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

/** Results by the definition of the join, which knows of no time of arrival. */
function defined(spec: StreamJoinSpec | TableJoinSpec, events: readonly Arrival[]): string[] {
  const [left, right] = (['left', 'right'] as const).map((side) => events.filter((event) => event.side === side));
  const results: string[] = [];
  if (spec.kind === 'table') {
    for (const l of left ?? []) {
      const rows = (right ?? []).filter((r) => r.key === l.key && r.timeMs <= l.timeMs);
      const row = rows.reduce<Arrival | null>((best, r) => (best === null || r.timeMs >= best.timeMs ? r : best), null);
      if (row !== null || spec.type === 'left') results.push(`${l.v}-${row?.v ?? 'null'}`);
    }
    return results.sort();
  }
  const isNear = (a: number, b: number) =>
    spec.kind === 'interval'
      ? typeof spec.withinMs === 'number'
        ? Math.abs(a - b) <= spec.withinMs
        : b >= a - spec.withinMs.before && b <= a + spec.withinMs.after
      : Math.floor((a - spec.offsetMs) / spec.sizeMs) === Math.floor((b - spec.offsetMs) / spec.sizeMs);
  const isPair = (l: Arrival, r: Arrival) => l.key === r.key && isNear(l.timeMs, r.timeMs);
  for (const l of left ?? []) {
    const matches = (right ?? []).filter((r) => isPair(l, r));
    results.push(...matches.map((r) => `${l.v}-${r.v}`));
    if (matches.length === 0 && spec.type !== 'inner') results.push(`${l.v}-null`);
  }
  if (spec.type === 'outer') {
    for (const r of right ?? []) if (!(left ?? []).some((l) => isPair(l, r))) results.push(`null-${r.v}`);
  }
  return results.sort();
}

const specs: readonly (StreamJoinSpec | TableJoinSpec)[] = [
  ...(['inner', 'left', 'outer'] as const).map(
    (type): StreamJoinSpec => ({ kind: 'interval', type, withinMs: 3, graceMs: 0 }),
  ),
  { kind: 'interval', type: 'outer', withinMs: 0, graceMs: 5 },
  { kind: 'interval', type: 'outer', withinMs: { before: 1, after: 5 }, graceMs: 0 },
  { kind: 'interval', type: 'outer', withinMs: { before: 6, after: 0 }, graceMs: 1 },
  { kind: 'interval', type: 'left', withinMs: { before: 0, after: 3 }, graceMs: 0 },
  { kind: 'window', type: 'inner', sizeMs: 5, offsetMs: 0, graceMs: 0 },
  { kind: 'window', type: 'outer', sizeMs: 7, offsetMs: 3, graceMs: 2 },
  { kind: 'table', type: 'inner', graceMs: 0, historyMs: BOUND_MS },
  { kind: 'table', type: 'left', graceMs: 1, historyMs: BOUND_MS },
  { kind: 'table', type: 'left', graceMs: 6, historyMs: 0 },
];

/** The results to the end of input, and what is kept then; restored before the event `restoredAt`, if there is one. */
function runAll(spec: JoinSpec, events: readonly Arrival[], restoredAt: number | null) {
  let join = createJoin(spec);
  const out: Joined[] = [];
  for (const [i, { side, key, timeMs, watermarkMs, v }] of events.entries()) {
    if (i === restoredAt) {
      const entries = join.snapshot();
      join = createJoin(spec);
      join.restore(entries);
      expect(join.snapshot()).toEqual(entries);
    }
    expect(join.add(side, key, timeMs, `${v}`, watermarkMs, out)).toBeNull();
    join.advance(watermarkMs, out);
  }
  join.advance(END, out);
  return { out, join };
}

describe.each(specs)('a join %j', (spec) => {
  test('restored at any place, gives the same results in the same order', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(40), (events, restoredAt) => {
        expect(runAll(spec, events, restoredAt).out).toEqual(runAll(spec, events, null).out);
      }),
    );
  });

  test('gives what its definition says, in any order within the bound, and keeps nothing', () => {
    fc.assert(
      fc.property(arrivals, (events) => {
        const { out, join } = runAll(spec, events, null);
        expect(out.map(name).sort()).toEqual(defined(spec, events));
        // Of a table, the newest row of each key.
        const rows = new Set(events.flatMap(({ side, key }) => (side === 'right' ? [key] : [])));
        expect(join.size()).toBe(spec.kind === 'table' ? rows.size : 0);
      }),
    );
  });
});

test('an event behind watermark and grace is late for a join of streams', () => {
  const join = createJoin({ kind: 'interval', type: 'inner', withinMs: 10, graceMs: 3 });
  expect(join.add('left', 'k', 97, '1', 100, [])).toBe(3);
  expect(join.add('left', 'k', 98, '1', 100, [])).toBeNull();
});

test('an event is late for a join by windows once its window and the grace are over', () => {
  const join = createJoin({ kind: 'window', type: 'inner', sizeMs: 10, offsetMs: 0, graceMs: 3 });
  expect(join.add('left', 'k', 90, '1', 101, [])).toBeNull();
  expect(join.add('left', 'k', 90, '1', 102, [])).toBe(3);
});

test('a row from the very time of an event is seen, whichever of the two comes first', () => {
  const join = createJoin({ kind: 'table', type: 'inner', graceMs: 0, historyMs: 10 });
  const out: Joined[] = [];
  join.add('left', 'k', 50, 'A', 49, out);
  join.advance(49, out);
  join.add('right', 'k', 50, 'a', 49, out);
  join.advance(50, out);
  expect(out.map(name)).toEqual(['A-a']);
});

test('an event from before the history of a table is late, for the row that it should see may be gone', () => {
  const join = createJoin({ kind: 'table', type: 'left', graceMs: 2, historyMs: 10 });
  const out: Joined[] = [];
  join.add('right', 'k', 50, 'a', 60, out);
  join.add('right', 'k', 70, 'b', 80, out);
  join.advance(100, out);
  expect(join.add('left', 'k', 89, 'A', 100, out)).toBe(11);
  expect(out).toEqual([]);
  expect(join.add('left', 'k', 90, 'B', 100, out)).toBeNull();
  expect(out.map(name)).toEqual(['B-b']);
});

describe('the table of a join', () => {
  const change = fc.record({
    key: fc.constantFrom('a', 'b'),
    timeMs: fc.nat(30),
    kind: fc.constantFrom<'event' | 'row' | 'deletion'>('event', 'row', 'deletion'),
    watermarkByMs: fc.nat(4),
  });
  const table: JoinSpec = { kind: 'table', type: 'left', graceMs: 0, historyMs: 2 };

  /** Changes of any age, and events behind the watermark that are not late: each is joined at once. */
  function results(input: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[], restoredAt: number) {
    let join = createJoin(table);
    const out: Joined[] = [];
    const expected: string[] = [];
    const versions: { key: string; timeMs: number; value: string | null }[] = [];
    let watermarkMs = 0;
    for (const [i, { key, timeMs, kind, watermarkByMs }] of input.entries()) {
      if (i === restoredAt) {
        const entries = join.snapshot();
        join = createJoin(table);
        join.restore(entries);
      }
      if (kind === 'event') {
        const atMs = watermarkMs - (timeMs % 3);
        expect(join.add('left', key, atMs, `${i}`, watermarkMs, out)).toBeNull();
        const seen = versions.filter((version) => version.key === key && version.timeMs <= atMs);
        const newest = seen.reduce<(typeof seen)[number] | null>(
          (best, version) => (best === null || version.timeMs >= best.timeMs ? version : best),
          null,
        );
        expected.push(`${i}-${newest?.value ?? null}`);
      } else {
        const value = kind === 'row' ? `r${i}` : null;
        versions.push({ key, timeMs, value });
        if (value === null) join.remove('right', key, timeMs, watermarkMs, out);
        else join.add('right', key, timeMs, value, watermarkMs, out);
      }
      watermarkMs += watermarkByMs;
      join.advance(watermarkMs, out);
    }
    return { given: out.map(name), expected, size: join.size() };
  }

  test('is as if it remembered every row and every deletion for ever, however late an older row comes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40, size: 'max' }), fc.nat(60), (input, restoredAt) => {
        const { given, expected } = results(input, restoredAt);
        expect(given).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps one version of a key once its history has passed', () => {
    const join = createJoin(table);
    for (let i = 0; i < 100; i++) join.remove('right', 'k', i, 0, []);
    join.advance(1000, []);
    expect(join.size()).toBe(1);
  });

  test('that is a join itself has of two rows of one time the larger, whichever came first', () => {
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const join = createJoin({ ...table, ofJoin: true });
      const out: Joined[] = [];
      for (const row of order) join.add('right', 'k', 5, row, 0, out);
      join.add('left', 'k', 6, 'L', 0, out);
      join.advance(END, out);
      expect(out.map(name)).toEqual(['L-b']);
    }
  });
});
