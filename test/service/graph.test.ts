/**
 * Whatever has events as the input of whatever takes some: derived streams of derived streams, of joins, of windows and of
 * operators; joins of one stream with itself; windows of windows; an operator of all of these. What must come of it is
 * computed naively.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from './script-run.ts';

const RELAY = fileURLToPath(new URL('../fixtures/operators/relay.js', import.meta.url));
const GRAPH: Omit<ScriptRun, 'lines'> = {
  watermark: '{ outOfOrderness: 1s }',
  derived: `
  larger: { stream: large, where: amount > 5, select: { user: user, twice: amount * 2 } }
  large: { stream: clicks, where: amount > 2, select: { user: userId, amount: amount } }
  rises: { stream: near, where: left.amount < right.amount, select: { user: left.userId, by: right.amount - left.amount } }
  high: { stream: sums, where: total > 9, select: { user: key, total: total, end: end } }
  high_end: { stream: high, select: { user: user, end: epoch_ms(end) / 1000 } }
  firsts: { stream: relay.seen, where: nth = 1, select: { user: key, value: value } }`.trimStart(),
  joins: `
  near: { left: clicks, right: clicks, within: { before: 0s, after: 400ms } }
  again: { left: larger, right: clicks, on: { left: user, right: userId }, within: 300ms }
  relayed: { left: relay.seen, right: firsts, within: 1d }`.trimStart(),
  windows: `
  sums: { stream: clicks, window: { tumbling: 2s }, aggregate: { n: count(), total: sum(amount), all: collect(amount) } }
  sums_of_sums: { stream: sums, key: null, window: { tumbling: 4s }, aggregate: { n: sum(n), total: sum(total), most: max(total) } }
  rises_per_user: { stream: rises, key: user, window: { tumbling: 4s }, aggregate: { n: count(), by: sum(by) } }`.trimStart(),
  operators: `relay: { module: ${RELAY}, input: { large: user, sums: key } }`,
};
const NAMES = [
  ...['larger', 'large', 'rises', 'high', 'high_end', 'firsts', 'near', 'again', 'relayed', 'sums', 'sums_of_sums'],
  ...['rises_per_user', 'relay.seen'],
];

interface Click {
  readonly userId: string;
  readonly occurredAt: number;
  readonly amount: number;
}

/** No two of one time. */
const clicks = fc
  .array(
    fc.record({
      userId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      gapMs: fc.nat(300),
      amount: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 80, maxLength: 120 },
  )
  .map((drawn) => {
    let occurredAt = 0;
    return drawn.map(({ gapMs, ...click }): Click => {
      occurredAt += gapMs + 1;
      return { ...click, occurredAt };
    });
  });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function windowsOf<T>(events: readonly T[], sizeMs: number, of: (event: T) => { key: string | null; ts: number }) {
  const groups = new Map<string, { key: string | null; start: number; end: number; events: T[] }>();
  for (const event of events) {
    const { key, ts } = of(event);
    const start = ts - (ts % sizeMs);
    const group = groups.get(`${key} ${start}`) ?? { key, start, end: start + sizeMs, events: [] };
    group.events.push(event);
    groups.set(`${key} ${start}`, group);
  }
  return [...groups.values()];
}

function expected(all: readonly Click[]): Record<string, object[]> {
  const large = all
    .filter(({ amount }) => amount > 2)
    .map(({ userId, amount, occurredAt }) => ({ user: userId, amount, ts: occurredAt }));
  const larger = large
    .filter(({ amount }) => amount > 5)
    .map(({ user, amount, ts }) => ({ user, twice: amount * 2, ts }));
  const pairs = all.flatMap((left) =>
    all
      .filter(({ userId, occurredAt }) => {
        const apart = occurredAt - left.occurredAt;
        return userId === left.userId && apart >= 0 && apart <= 400;
      })
      .map((right) => ({ key: left.userId, left, right, ts: right.occurredAt })),
  );
  const rises = pairs
    .filter(({ left, right }) => left.amount < right.amount)
    .map(({ left, right, ts }) => ({ user: left.userId, by: right.amount - left.amount, ts }));
  const again = larger.flatMap((left) =>
    all
      .filter(({ userId, occurredAt }) => userId === left.user && Math.abs(occurredAt - left.ts) <= 300)
      .map((right) => ({ key: left.user, left, right, ts: Math.max(left.ts, right.occurredAt) })),
  );
  const sums = windowsOf(all, 2000, ({ userId, occurredAt }) => ({ key: userId, ts: occurredAt })).map(
    ({ key, start, end, events }) => {
      const amounts = events.map(({ amount }) => amount);
      return { key, start, end, n: events.length, total: sum(amounts), all: amounts };
    },
  );
  const ofSums = windowsOf(sums, 4000, ({ end }) => ({ key: null, ts: end - 1 })).map(({ events, ...window }) => {
    const totals = events.map(({ total }) => total);
    return { ...window, n: sum(events.map(({ n }) => n)), total: sum(totals), most: Math.max(...totals) };
  });
  const ofRises = windowsOf(rises, 4000, ({ user, ts }) => ({ key: user, ts })).map(({ events, ...window }) => {
    return { ...window, n: events.length, by: sum(events.map(({ by }) => by)) };
  });
  const high = sums
    .filter(({ total }) => total > 9)
    .map(({ key, total, end }) => ({ user: key, total, end, ts: end - 1 }));
  const relayed = [
    ...large.map(({ user, amount, ts }) => ({ key: user, from: 'large', value: amount, ts })),
    ...sums.map(({ key, total, end }) => ({ key: key ?? '', from: 'sums', value: total, ts: end - 1 })),
  ].sort((a, b) => a.ts - b.ts);
  const seen = relayed.map(({ key, from, value, ts }, i) => {
    const nth = relayed.slice(0, i + 1).filter((other) => other.key === key).length;
    return { key, from, value, nth, ts };
  });
  const firsts = seen.filter(({ nth }) => nth === 1).map(({ key, value, ts }) => ({ user: key, value, ts }));
  return {
    large,
    larger,
    near: pairs,
    rises,
    again,
    sums,
    sums_of_sums: ofSums,
    rises_per_user: ofRises,
    high,
    high_end: high.map(({ user, end, ts }) => ({ user, end: end / 1000, ts })),
    'relay.seen': seen,
    firsts,
    relayed: seen.flatMap((left) =>
      firsts
        .filter(({ user }) => user === left.key)
        .map((right) => ({ key: left.key, left, right, ts: Math.max(left.ts, right.ts) })),
    ),
  };
}

const NOT_COMPARED = ['stream', 'revision', 'at', 'count'];

function given(output: readonly Record<string, unknown>[]): Record<string, object[]> {
  return Object.fromEntries(
    NAMES.map((name) => {
      const own = output.filter(({ stream }) => stream === name);
      const shown = own.map((line) => Object.entries(line).filter(([key]) => !NOT_COMPARED.includes(key)));
      return [name, shown.map((fields) => Object.fromEntries(fields))];
    }),
  );
}

function sorted(results: Record<string, object[]>): Record<string, string[]> {
  const text = (line: object): string => JSON.stringify(line, Object.keys(flat(line)).sort());
  return Object.fromEntries(NAMES.map((name) => [name, (results[name] ?? []).map(text).sort()]));
}

/** Keys at any depth. */
function flat(line: object): Record<string, true> {
  const keys = Object.entries(line).flatMap(([key, value]) => {
    return [key, ...(typeof value === 'object' && value !== null ? Object.keys(flat(value)) : [])];
  });
  return Object.fromEntries(keys.map((key) => [key, true]));
}

test.each([1, 4])(
  'whatever is of whatever gives what it means, on %d partitions and across a crash, and anew from the journal',
  async (partitions) => {
    const [all = []] = fc.sample(clicks, 1);
    const lines: object[] = [...all];
    lines.splice(lines.length / 2, 0, { $snapshot: true }, { $restart: true });
    const data = temporaryDirectory();
    const { output } = await runScriptLines({ ...GRAPH, partitions, lines, data, only: NAMES });
    const wanted = sorted(expected(all));
    expect(Object.values(wanted).every((own) => own.length > 0)).toBe(true);
    expect(sorted(given(output))).toEqual(wanted);
    const dataDir = join(data, 'data');
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['duckdb']));
    try {
      expect((await offline.rederive()).filter(({ differences }) => differences > 0)).toEqual([]);
    } finally {
      await offline.close();
    }
  },
);

test('what is of itself is refused with its path, and what can not be of a window with the reason', () => {
  const load = (more: Partial<ScriptRun>) => () =>
    loadConfig(writePipeline(temporaryDirectory(), { watermark: '{}', lines: [], ...more }), {});
  const circle = `
  a: { stream: b, select: { user: key } }
  c: { stream: a, select: { user: user } }`.trimStart();
  expect(
    load({ derived: circle, joins: 'b: { left: c, right: clicks, on: { left: user, right: userId }, within: 1s }' }),
  ).toThrow('derived.a.stream: is of itself: b → c → a → b');
  expect(load({ derived: 'a: { stream: a, select: { user: key } }' })).toThrow('derived.a.stream: is of itself: a → a');
  const windows = `
  s: { stream: clicks, window: { sliding: 2s }, aggregate: { n: count() } }
  w: { stream: s, window: { tumbling: 2s }, aggregate: { n: count() } }`.trimStart();
  expect(load({ windows })).toThrow(
    "windows.w.stream: can't be of s: results of a sliding window come in no order of time; those of tumbling, hopping and session windows do",
  );
  expect(load({ derived: 'd: { stream: cliks, select: { user: userId } }' })).toThrow(
    'derived.d.stream: there is no stream "cliks"; did you mean clicks?',
  );
});
