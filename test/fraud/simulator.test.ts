import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createSimulator,
  DAY_MS,
  dayOfTransaction,
  idsPerDay,
  type SimulatedDay,
  type SimulationSpec,
  simulateDays,
} from '../../src/fraud/simulator.ts';
import { transactionType } from '../../src/fraud/types.ts';

// The Handbook's own run of this definition (chapter 3): 183 days, 5,000 customers, 10,000 terminals.
const PUBLISHED = { total: 1_754_155, scenario1: 973, scenario2: 9077, scenario3: 4631 };
const DAYS = 183;
const HANDBOOK: SimulationSpec = {
  seed: 20180401,
  customers: 5000,
  terminals: 10_000,
  startAt: Date.UTC(2018, 3, 1),
  days: DAYS,
};

// Tables of the normal distribution: P(|Z| < 43,200 / 20,000), and the density there.
const WITHIN_DAY = 2 * 0.98461 - 1;
const DENSITY_AT_2_16 = 0.0387;
/** λ ~ U(0, 4). */
const MEAN_LAMBDA = 2;
const LAMBDA_VARIANCE = 16 / 12;

const SMALL: SimulationSpec = { seed: 7, customers: 40, terminals: 400, startAt: Date.UTC(2020, 0, 1), days: null };

function day(spec: SimulationSpec, number: number): SimulatedDay {
  const found = simulateDays(spec, number).next().value;
  if (found === undefined) throw new Error(`no day ${number}`);
  return found;
}

const bytes = ({ transactions, scenarios }: SimulatedDay) =>
  Buffer.concat([transactionType.encodeBlock(transactions).bytes, scenarios]).toString('base64');

/** P(Z > z) for z ≥ 0, absolute error below 1.5e-7: Abramowitz and Stegun, formula 7.1.26. */
function normalTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return (polynomial * Math.exp(-x * x)) / 2;
}

/** Share of transactions above 220, over customers whose mean amount is U(5, 100) with sd = mean / 2. */
function shareAbove220(): number {
  const steps = 10_000;
  let sum = 0;
  for (let n = 0; n < steps; n++) {
    const mean = 5 + ((n + 0.5) / steps) * 95;
    sum += normalTail((220 - mean) / (mean / 2));
  }
  return sum / steps;
}

describe('183 days of 5,000 customers', () => {
  const counts = { total: 0, scenario1: 0, scenario2: 0, scenario3: 0 };
  const time = { sum: 0, squares: 0 };
  const genuine = { count: 0, sumCents: 0 };
  const terminalsOf = new Map<number, Set<number>>();
  const transactionsOf = new Map<number, number>();
  const wrongLabels: number[] = [];

  beforeAll(() => {
    for (const { day, transactions, scenarios } of simulateDays(HANDBOOK)) {
      counts.total += transactions.length;
      for (const [n, { occurredAt, amountCents, customerId, terminalId }] of transactions.entries()) {
        const scenario = scenarios[n] ?? -1;
        if (scenario === 1) counts.scenario1++;
        if (scenario === 2) counts.scenario2++;
        if (scenario === 3) counts.scenario3++;
        if (scenario === 0 && amountCents > 22_000) wrongLabels.push(n);
        if (scenario === 1 && amountCents <= 22_000) wrongLabels.push(n);
        const second = (occurredAt - HANDBOOK.startAt) / 1000 - day * 86_400;
        time.sum += second;
        time.squares += second * second;
        if (scenario !== 3) {
          genuine.count++;
          genuine.sumCents += amountCents;
        }
        if (customerId % 10 === 0) {
          const used = terminalsOf.get(customerId) ?? new Set();
          terminalsOf.set(customerId, used.add(terminalId));
          transactionsOf.set(customerId, (transactionsOf.get(customerId) ?? 0) + 1);
        }
      }
    }
  }, 60_000);

  /** Expected numbers from the definition alone, and four standard deviations of a run about them. */
  const perDay = HANDBOOK.customers * MEAN_LAMBDA * WITHIN_DAY;
  const total = { mean: perDay * DAYS, band: 4 * DAYS * WITHIN_DAY * Math.sqrt(HANDBOOK.customers * LAMBDA_VARIANCE) };
  // Day d has the terminals of the last 28 days: 2·28 of them, fewer on the first 27 days.
  const terminalDays = 2 * (28 * DAYS - (28 * 27) / 2);
  // Each of the last 13 days' draws loses what is after the end; a third rounded down loses a third on average.
  const customerDays = 3 * (14 * DAYS - (14 * 13) / 2);
  const expected = {
    total,
    scenario1: { mean: total.mean * shareAbove220(), band: 250 },
    scenario2: { mean: (terminalDays * perDay) / HANDBOOK.terminals, band: 700 },
    scenario3: { mean: (customerDays * perDay) / HANDBOOK.customers / 3 - DAYS / 3, band: 700 },
  };

  test.each(['total', 'scenario1', 'scenario2', 'scenario3'] as const)(
    'give the number that the definition expects, as the published run does: %s',
    (name) => {
      const { mean, band } = expected[name];
      for (const count of [PUBLISHED[name], counts[name]]) {
        expect(count).toBeGreaterThan(mean - band);
        expect(count).toBeLessThan(mean + band);
      }
    },
  );

  test('have times of day of a normal distribution cut to the day', () => {
    const mean = time.sum / counts.total;
    const deviation = Math.sqrt(time.squares / counts.total - mean * mean);
    // Variance of a normal distribution cut at ±a standard deviations: 1 − 2aφ(a) / P(|Z| < a).
    const expectedDeviation = 20_000 * Math.sqrt(1 - (2 * 2.16 * DENSITY_AT_2_16) / WITHIN_DAY);
    expect(Math.abs(mean - 43_200)).toBeLessThan(80);
    expect(Math.abs(deviation - expectedDeviation)).toBeLessThan(80);
  });

  test('have amounts that average what the definition gives, negative ones drawn again', () => {
    // Of N(m, m/2): m·(Φ(2) + φ(2)/2) from the positive part, and Φ(−2)·m from those drawn again from U(0, 2m).
    const expectedMean = 52.5 * (0.97725 + 0.05399 / 2 + 0.02275);
    expect(Math.abs(genuine.sumCents / genuine.count / 100 - expectedMean)).toBeLessThan(2);
  });

  test('use the terminals within a radius of 5, about 75 of 10,000', () => {
    const busy = [...transactionsOf].filter(([, count]) => count >= 400).map(([customer]) => customer);
    const used = busy.map((customer) => terminalsOf.get(customer)?.size ?? 0);
    expect(busy.length).toBeGreaterThan(100);
    // A disc of radius 5 in a square of 100 loses 8r/(3πL) = 4.2 % of its area to the edges.
    const mean = used.reduce((sum, count) => sum + count, 0) / used.length;
    expect(Math.abs(mean - 25 * Math.PI * (1 - 40 / (300 * Math.PI)))).toBeLessThan(3);
    expect(Math.max(...used)).toBeLessThan(120);
  });

  test('label every amount above 220, and no smaller one for its amount', () => {
    expect(wrongLabels).toEqual([]);
  });
});

describe('a simulation', () => {
  test('is in time order, ties by id, and stays within its day', () => {
    for (let number = 0; number < 30; number++) {
      const { transactions } = day(SMALL, number);
      const start = SMALL.startAt + number * DAY_MS;
      for (const [n, transaction] of transactions.entries()) {
        expect(transaction.transactionId).toBe(number * idsPerDay(SMALL) + n);
        expect(dayOfTransaction(SMALL, transaction.transactionId)).toBe(number);
        expect(transaction.occurredAt).toBeGreaterThan(start);
        expect(transaction.occurredAt).toBeLessThan(start + DAY_MS);
        expect(transaction.occurredAt).toBeGreaterThanOrEqual(transactions[n - 1]?.occurredAt ?? 0);
      }
    }
  });

  test('gives the same bytes for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 400 }), (seed, number) => {
        const spec = { ...SMALL, seed };
        expect(bytes(day(spec, number))).toBe(bytes(day(spec, number)));
        expect(bytes(day(spec, number))).not.toBe(bytes(day({ ...spec, seed: seed + 1 }, number)));
      }),
      { numRuns: 30 },
    );
  });

  test('gives day N without the days before it as it does after them', () => {
    const whole = [...simulateDays({ ...SMALL, days: 60 })];
    expect(whole).toHaveLength(60);
    for (const at of whole) expect(bytes(day(SMALL, at.day))).toBe(bytes(at));
    expect(whole.some(({ scenarios }) => scenarios.includes(3))).toBe(true);
  });

  test('gives days in any order', () => {
    const simulate = createSimulator(SMALL);
    for (const number of [59, 3, 41, 0, 200, 41, 3, 58]) {
      expect(bytes(simulate(number))).toBe(bytes(day(SMALL, number)));
    }
  });

  test('is a prefix of a longer one', () => {
    const short = [...simulateDays({ ...SMALL, days: 5 })].map(bytes);
    const long = [...simulateDays({ ...SMALL, days: 12 })].map(bytes);
    expect(long.slice(0, 5)).toEqual(short);
  });

  test('multiplies the amounts of a third of a compromised customer by five', () => {
    // One customer is every day's victim, so at any time 14 thefts of a third each overlap.
    const spec = { ...SMALL, customers: 1, terminals: 40_000, seed: 3 };
    const days = [...simulateDays({ ...spec, days: 200 })];
    const stolen = days.flatMap(({ transactions, scenarios }) => transactions.filter((_, n) => scenarios[n] === 3));
    const all = days.flatMap(({ transactions }) => transactions);
    expect(all.length).toBeGreaterThan(20);
    // A transaction escapes 14 draws of a third with probability (2/3)^14 = 0.3 %.
    expect(stolen.length / all.length).toBeGreaterThan(0.9);
    expect(stolen.every(({ amountCents }) => amountCents % 5 === 0)).toBe(true);
  });

  test('of customers that reach no terminal is empty', () => {
    const days = [...simulateDays({ ...SMALL, customers: 200, terminals: 1, days: 3 })];
    const active = new Set(days.flatMap(({ transactions }) => transactions.map(({ customerId }) => customerId)));
    // The one terminal is within 5 of 0.8 % of the grid.
    expect(active.size).toBeLessThan(10);
    expect(days).toHaveLength(3);
  });
});
