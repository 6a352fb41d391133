/** Features against their definition in DuckDB, and what they must not depend on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FeatureAggregate, FeatureWindow } from '../../src/features/feature-spec.ts';
import { duckdbRows } from '../sql/duckdb.ts';
import { arriving, type Input, type Payment, runStage, type Verdict } from './stage.ts';

const BOUND_MS = 5;

const aggregate = (field: string, fn: FeatureAggregate['fn'], more: Partial<FeatureAggregate> = {}) =>
  ({ field, fn, value: 'cents', of: 'event', ...more }) as const;

/** Every function, over a window that ends with the event and one that ends before it. */
const aggregates = (name: string): FeatureAggregate[] => [
  aggregate(`n_${name}`, 'count', { value: null }),
  aggregate(`large_${name}`, 'count', { value: null, where: 'cents > 2' }),
  ...(['sum', 'avg', 'min', 'max', 'stddev', 'first', 'last'] as const).map((fn) => aggregate(`${fn}_${name}`, fn)),
  aggregate(`shops_${name}`, 'distinct', { value: 'shop' }),
  aggregate(`even_${name}`, 'share', { value: 'id % 2 = 0' }),
  aggregate(`risk_${name}`, 'share', { value: 'isFraud', of: 'label' }),
  aggregate(`lag_${name}`, 'lag', { back: 2, where: 'shop = 1' }),
];
const windows: FeatureWindow[] = [
  { sizeMs: 7, delayMs: 0, aggregates: aggregates('short') },
  { sizeMs: 20, delayMs: 0, aggregates: aggregates('long') },
  { sizeMs: 10, delayMs: 6, aggregates: aggregates('before') },
];
const spec = {
  key: 'card',
  order: 'id',
  windows,
  computed: [{ field: 'ratio', expression: 'cents / avg_long', type: 'double' }],
  labels: { inputs: ['verdicts'], id: { label: 'id', event: 'id' }, eventTime: null },
} as const;

/** Few times, so that many share one; cents whose sums round differently in another order. */
const payment = fc.record({
  card: fc.constantFrom('a', 'b'),
  shop: fc.nat(2),
  cents: fc.option(fc.constantFrom(0.1, 0.2, 2.7, 1e16), { freq: 5 }),
  ts: fc.nat(60),
  delayMs: fc.nat(BOUND_MS),
  otherDelayMs: fc.nat(BOUND_MS),
  verdict: fc.option(fc.record({ isFraud: fc.boolean(), afterMs: fc.integer({ min: 1, max: 12 }) })),
});
type Drawn = typeof payment extends fc.Arbitrary<infer T> ? T : never;

const paymentsOf = (drawn: readonly Drawn[], firstId = 0): Payment[] =>
  drawn.map(({ card, shop, cents, ts }, i) => ({ id: firstId + i, card, shop, cents, ts }));
const verdictsOf = (drawn: readonly Drawn[], firstId = 0): Verdict[] =>
  drawn.flatMap(({ card, ts, verdict }, i) =>
    verdict === null ? [] : { id: firstId + i, card, isFraud: verdict.isFraud, knownAt: ts + verdict.afterMs },
  );

function inputsOf(drawn: readonly Drawn[], which: 'delayMs' | 'otherDelayMs', verdicts = verdictsOf(drawn)): Input[] {
  const payments = paymentsOf(drawn).map((own, i) => ({
    input: { payment: own },
    timeMs: own.ts,
    delayMs: drawn[i]?.[which] ?? 0,
  }));
  const known = verdicts.map((verdict) => ({ input: { verdict }, timeMs: verdict.knownAt, delayMs: 0 }));
  return arriving([...known, ...payments], BOUND_MS);
}

const SQL = (name: string, sizeMs: number, delayMs: number): string => `
  SELECT e.run, e.id, '${name}' AS name,
    count(o.id), count(o.id) FILTER (o.cents > 2),
    sum(o.cents), avg(o.cents), min(o.cents), max(o.cents), stddev(o.cents),
    first(o.cents ORDER BY o.ts, o.id) FILTER (o.cents IS NOT NULL),
    last(o.cents ORDER BY o.ts, o.id) FILTER (o.cents IS NOT NULL),
    count(DISTINCT o.shop),
    coalesce(count(o.id) FILTER (o.id % 2 = 0) / nullif(count(o.id), 0), 0),
    coalesce(count(o.id) FILTER (v.isFraud AND v.knownAt <= e.ts) / nullif(count(o.id), 0), 0),
    (array_agg(o.cents ORDER BY o.ts DESC, o.id DESC) FILTER (o.shop = 1 AND o.id <> e.id))[2]
  FROM e
  LEFT JOIN e AS o ON o.run = e.run AND o.card = e.card AND (o.ts < e.ts OR (o.ts = e.ts AND o.id <= e.id))
    AND o.ts > e.ts - ${delayMs + sizeMs} AND o.ts <= e.ts - ${delayMs}
  LEFT JOIN v ON v.run = o.run AND v.id = o.id
  GROUP BY ALL`;

test('features are what DuckDB makes of the same events and labels', async () => {
  const runs = fc.sample(fc.array(payment, { minLength: 5, maxLength: 40 }), { numRuns: 30, seed: 7 });
  const values = (rows: readonly (readonly unknown[])[]): string =>
    rows
      .map((row) => `(${row.map((cell) => (typeof cell === 'string' ? `'${cell}'` : String(cell))).join(',')})`)
      .join();
  const payments = runs.flatMap((drawn, run) =>
    paymentsOf(drawn).map(({ id, card, shop, cents, ts }) => [run, id, card, shop, cents, ts]),
  );
  const verdicts = runs.flatMap((drawn, run) =>
    verdictsOf(drawn).map(({ id, isFraud, knownAt }) => [run, id, isFraud, knownAt]),
  );
  const rows = await duckdbRows(`
    WITH e AS (SELECT * REPLACE (cents::DOUBLE AS cents) FROM (VALUES ${values(payments)}) t(run, id, card, shop, cents, ts)),
    v AS (SELECT * FROM (VALUES ${values(verdicts)}) t(run, id, isFraud, knownAt))
    ${windows.map(({ sizeMs, delayMs }, i) => `(${SQL(NAMES[i] ?? '', sizeMs, delayMs)})`).join(' UNION ALL ')}`);
  const given = runs.map(
    (drawn) => new Map(runStage(spec, inputsOf(drawn, 'delayMs')).vectors.map((own) => [own.id, own])),
  );
  expect(rows).toHaveLength(3 * payments.length);
  const fields = aggregates('').map(({ field }) => field);
  for (const [run, id, name, ...expected] of rows) {
    const vector = given[Number(run)]?.get(Number(id));
    const own = fields.map((field) => vector?.[`${field}${String(name)}`]);
    const isExact = (i: number): boolean => !INEXACT.includes(fields[i] ?? '');
    const shown = (value: unknown, i: number): unknown =>
      value == null ? null : isExact(i) ? Number(value) : Number(value).toPrecision(12);
    expect([run, id, name, ...own.map(shown)]).toEqual([run, id, name, ...expected.map(shown)]);
  }
});

const NAMES = ['short', 'long', 'before'];
/** DuckDB's sums round at each step, in an order of its own. */
const INEXACT = ['sum_', 'avg_', 'stddev_'];

test('features do not depend on the order in which events of the bound come, nor on restarts', () => {
  fc.assert(
    fc.property(fc.array(payment, { maxLength: 30 }), fc.nat(70), (drawn, restartAt) => {
      const inOrder = runStage(spec, inputsOf(drawn, 'delayMs'));
      const other = inputsOf(drawn, 'otherDelayMs');
      const restarted = runStage(spec, other.toSpliced(restartAt, 0, { restart: true }));
      expect(restarted).toEqual(inOrder);
      expect(inOrder.late).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('features at a time do not change when every label that is known after it is altered', () => {
  fc.assert(
    fc.property(fc.array(payment, { maxLength: 30 }), fc.nat(70), (drawn, timeMs) => {
      const altered = verdictsOf(drawn).map((verdict) =>
        verdict.knownAt > timeMs ? { ...verdict, isFraud: !verdict.isFraud } : verdict,
      );
      const before = (vector: { readonly ts?: unknown }): boolean => Number(vector.ts) <= timeMs;
      const given = runStage(spec, inputsOf(drawn, 'delayMs')).vectors.filter(before);
      const other = runStage(spec, inputsOf(drawn, 'delayMs', altered)).vectors.filter(before);
      expect(other).toEqual(given);
    }),
    { numRuns: 30 },
  );
});

test('a week computed from raw events that begin a horizon before it equals the week of a longer history, bit for bit', () => {
  fc.assert(
    fc.property(fc.array(payment, { maxLength: 40 }), (drawn) => {
      const late = drawn.map((own) => ({ ...own, delayMs: 0 }));
      const whole = runStage(spec, inputsOf(late, 'delayMs')).vectors.filter(({ ts }) => Number(ts) > 50);
      const inputs = inputsOf(late, 'delayMs').filter((input) => !('payment' in input) || input.payment.ts > 30);
      const recomputed = runStage(spec, inputs).vectors.filter(({ ts }) => Number(ts) > 50);
      expect(recomputed).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

test('a late event has the features of its own time, later ones see it, and it is said to be late', () => {
  const at = (id: number, ts: number): Input => ({ payment: { id, card: 'a', shop: 1, cents: id, ts } });
  const inputs = [at(1, 10), at(2, 20), { watermark: 20 }, at(3, 12), at(4, 22), { watermark: 30 }];
  const { vectors, late } = runStage(spec, inputs);
  expect(vectors.map(({ id, n_long, last_long, n_short }) => [id, n_long, last_long, n_short])).toEqual([
    [1, 1, 1, 1],
    [2, 2, 2, 1],
    [3, 2, 3, 2],
    [4, 4, 4, 2],
  ]);
  expect(late.map(({ window, key, occurredAt, latenessMs }) => [window, key, occurredAt, latenessMs])).toEqual([
    ['payments.features', 'a', 12, 8],
  ]);
});

test('the newest label of an event counts', () => {
  const payments: Input[] = [1, 2].map((id) => ({ payment: { id, card: 'a', shop: 1, cents: 1, ts: id } }));
  const verdict = (knownAt: number, isFraud: boolean): Input => ({ verdict: { id: 1, card: 'a', isFraud, knownAt } });
  const asked: Input[] = [4, 6, 8].map((ts) => ({ payment: { id: ts, card: 'a', shop: 1, cents: 1, ts } }));
  const { vectors } = runStage(spec, [verdict(7, false), verdict(5, true), ...payments, ...asked, { watermark: 100 }]);
  expect(vectors.map(({ ts, risk_long }) => [ts, risk_long])).toEqual([
    [1, 0],
    [2, 0],
    [4, 0],
    [6, 1 / 4],
    [8, 0],
  ]);
});

test('a label without the key of its event is set aside, with a sentence that says why', () => {
  const { letters } = runStage(spec, [{ verdict: { id: 1, card: null, isFraud: true, knownAt: 5 } }]);
  expect(letters.map(({ stream, reason, detail }) => ({ stream, reason, detail }))).toEqual([
    {
      stream: 'verdicts',
      reason: 'label-without-event',
      detail: 'verdicts: it does not say its card, by which its event is found',
    },
  ]);
});
