/** Joins of two tables against Kafka Streams' own tests, and against their definition by brute force. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJoin } from '../../src/streams/join-by-kind.ts';
import type { Joined, JoinType, Side, TablesJoinSpec } from '../../src/streams/join-kind.ts';

const END = 8.64e15;

const text = ({ key, left, right, ts }: Joined): string =>
  `${key}@${ts} ${left === null && right === null ? 'gone' : `${left}-${right}`}`;

describe('TableTableJoinIntegrationTest of Kafka Streams', () => {
  const script = 'L-@1 R-@2 LA@3 Ra@4 LB@5 Rb@6 L-@7 R-@8 LC@9 Rc@10 R-@11 L-@12 R-@13 Rd@14 LD@15';
  test.each([
    ['inner', ['4 A-a', '5 B-a', '6 B-b', '7 gone', '10 C-c', '11 gone', '15 D-d']],
    ['left', ['3 A-null', '4 A-a', '5 B-a', '6 B-b', '7 gone', '9 C-null', '10 C-c', '11 C-null', '12 gone', '15 D-d']],
    [
      'outer',
      [
        ...['3 A-null', '4 A-a', '5 B-a', '6 B-b', '7 null-b', '8 gone', '9 C-null', '10 C-c', '11 C-null'],
        ...['12 gone', '14 null-d', '15 D-d'],
      ],
    ],
  ] as const)('%s', (type, expected) => {
    const join = createJoin({ kind: 'tables', type, graceMs: 0, historyMs: 100 });
    const out: Joined[] = [];
    for (const step of script.split(' ')) {
      const [, letter = '', value = '', time = ''] = /^([LR])(.)@(\d+)$/.exec(step) ?? [];
      const side: Side = letter === 'L' ? 'left' : 'right';
      if (value === '-') join.remove(side, 'k', Number(time), Number(time) - 1, out);
      else join.add(side, 'k', Number(time), value, Number(time) - 1, out);
      join.advance(Number(time), out);
    }
    expect(out.map(text)).toEqual(expected.map((row) => `k@${row}`));
  });
});

/** KIP-213: the example of orders that refer to customers, and come to refer to another. */
test('a joined row follows what its left row refers to', () => {
  const join = createJoin({ kind: 'tables', type: 'inner', graceMs: 0, historyMs: 100, isForeign: true });
  const out: Joined[] = [];
  const steps: readonly (readonly [Side, string, string | null, string?])[] = [
    ['right', 'a', 'ann'],
    ['left', '1', 'book', 'a'],
    ['left', '2', 'pen', 'a'],
    ['right', 'a', 'anna'],
    ['left', '2', 'pen', 'b'],
    ['right', 'b', 'bob'],
    ['right', 'a', null],
    ['left', '2', 'pencil', 'a'],
    ['left', '2', null],
  ];
  for (const [at, [side, key, event, ref]] of steps.entries()) {
    if (event === null) join.remove(side, key, at, at - 1, out);
    else join.add(side, key, at, event, at - 1, out, ref ?? null);
    join.advance(at, out);
  }
  expect(out.map(text)).toEqual([
    ...['1@1 book-ann', '2@2 pen-ann', '1@3 book-anna', '2@3 pen-anna', '2@4 gone', '2@5 pen-bob', '1@6 gone'],
    '2@7 gone',
  ]);
});

const BOUND_MS = 4;
const LATEST_MS = 12;
const changesUpTo = (delayMs: number) =>
  fc
    .array(
      fc.record({
        side: fc.constantFrom<Side>('left', 'right'),
        key: fc.constantFrom('a', 'b', 'c'),
        ref: fc.constantFrom('a', 'b', null),
        isGone: fc.nat(3).map((drawn) => drawn === 0),
        gapMs: fc.nat(3),
        delayMs: fc.nat(delayMs),
      }),
      { maxLength: 30 },
    )
    .map((drawn) => {
      let atMs = 0;
      return drawn.map(({ gapMs, delayMs: late, isGone, ref, ...change }, i) => {
        atMs += gapMs;
        const event = isGone ? null : `${i}`;
        return { ...change, event, ref: isGone ? null : ref, timeMs: atMs - late, watermarkMs: atMs - BOUND_MS - 1 };
      });
    });
type Change = ReturnType<typeof changesUpTo> extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

const specs: readonly TablesJoinSpec[] = [
  ...(['inner', 'left', 'outer'] as const).map((type): TablesJoinSpec => {
    return { kind: 'tables', type, graceMs: 0, historyMs: 2 * LATEST_MS };
  }),
  ...(['inner', 'left'] as const).map((type): TablesJoinSpec => {
    return { kind: 'tables', type, graceMs: 1, historyMs: 2 * LATEST_MS, isForeign: true };
  }),
];

/** The newest change of a row up to a time. */
function asOf(changes: readonly Change[], side: Side, key: string | null, timeMs: number): Change | undefined {
  return changes
    .filter((change) => change.side === side && change.key === key && change.timeMs <= timeMs)
    .reduce<Change | undefined>(
      (newest, each) => (newest === undefined || each.timeMs >= newest.timeMs ? each : newest),
      undefined,
    );
}

/** The joined row of a key as of a time, by the definition; null for none. */
function rowAt(spec: TablesJoinSpec, changes: readonly Change[], key: string, timeMs: number): string | null {
  const left = asOf(changes, 'left', key, timeMs);
  const right = asOf(changes, 'right', spec.isForeign === true ? (left?.ref ?? null) : key, timeMs);
  const [l, r] = [left?.event ?? null, right?.event ?? null];
  const has: Record<JoinType, boolean> = {
    inner: l !== null && r !== null,
    left: l !== null,
    outer: l !== null || r !== null,
  };
  return has[spec.type] ? `${l}-${r}` : null;
}

/** Each time of a key at which its row, or what that refers to, changes: the row, or that it is gone. */
function defined(spec: TablesJoinSpec, changes: readonly Change[]): string[] {
  return ['a', 'b', 'c'].flatMap((key) => {
    const isPart = ({ side, key: own, timeMs }: Change): boolean => {
      if (side === 'left' || spec.isForeign !== true) return own === key;
      return asOf(changes, 'left', key, timeMs)?.ref === own;
    };
    const times = [...new Set(changes.filter(isPart).map(({ timeMs }) => timeMs))];
    return times.flatMap((timeMs) => {
      const [row, before] = [timeMs, timeMs - 1].map((each) => rowAt(spec, changes, key, each));
      if (row === null && before === null) return [];
      return [`${key}@${timeMs} ${row ?? 'gone'}`];
    });
  });
}

function runAll(
  spec: TablesJoinSpec,
  changes: readonly Change[],
  restoredAt: number | null,
  flushedAt: number | null = null,
) {
  let join = createJoin(spec);
  const out: Joined[] = [];
  for (const [i, { side, key, timeMs, watermarkMs, event, ref }] of changes.entries()) {
    if (i === restoredAt) {
      const entries = join.snapshot();
      join = createJoin(spec);
      join.restore(entries);
    }
    if (i === flushedAt) join.flush(out);
    if (event === null) join.remove(side, key, timeMs, watermarkMs, out);
    else expect(join.add(side, key, timeMs, event, watermarkMs, out, spec.isForeign === true ? ref : null)).toBeNull();
    join.advance(watermarkMs, out);
  }
  join.advance(END, out);
  return { out, join };
}

describe.each(specs)('a join of tables %j', (spec) => {
  test('restored at any place, gives the same results in the same order', () => {
    fc.assert(
      fc.property(changesUpTo(LATEST_MS), fc.nat(30), fc.nat(30), (changes, restoredAt, flushedAt) => {
        expect(runAll(spec, changes, restoredAt, flushedAt).out).toEqual(runAll(spec, changes, null, flushedAt).out);
      }),
    );
  });

  test('gives what its definition says, in any order within the bound, and keeps the newest version of each row', () => {
    fc.assert(
      fc.property(changesUpTo(BOUND_MS), (changes) => {
        const { out, join } = runAll(spec, changes, null);
        expect(out.map(text).sort()).toEqual(defined(spec, changes).sort());
        expect(join.size()).toBe(new Set(changes.map(({ side, key }) => side + key)).size);
      }),
    );
  });

  test('is the joined table of any time in the end, however late a change comes within the history, also after a flush', () => {
    fc.assert(
      fc.property(changesUpTo(LATEST_MS), fc.nat(30), (changes, flushedAt) => {
        const { out } = runAll(spec, changes, null, flushedAt);
        for (const key of ['a', 'b', 'c']) {
          for (let timeMs = -LATEST_MS; timeMs < 100; timeMs += 1) {
            const newest = out
              .filter((row) => row.key === key && row.ts <= timeMs)
              .reduce<Joined | null>((best, row) => (best === null || row.ts >= best.ts ? row : best), null);
            const given = newest === null || (newest.left === null && newest.right === null);
            expect(given ? null : `${newest.left}-${newest.right}`).toBe(rowAt(spec, changes, key, timeMs));
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('a change that was replaced before the history is late; the newest of its row never is', () => {
  const join = createJoin({ kind: 'tables', type: 'left', graceMs: 0, historyMs: 10 });
  join.add('left', 'k', 50, 'new', 49, []);
  join.advance(100, []);
  expect(join.add('left', 'k', 20, 'old', 100, [])).toBe(80);
  const out: Joined[] = [];
  expect(join.add('left', 'other', 20, 'only', 100, out)).toBeNull();
  expect(out.map(text)).toEqual(['other@20 only-null']);
});
