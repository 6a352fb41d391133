/** What must hold of the fraud domain for every input: see each test's name. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviationsAboveMean, learnAmount, meanCents, NORM_NUMBERS } from '../../src/fraud/amount-norm.ts';
import type { AnyFraudSpec } from '../../src/fraud/earlier.ts';
import type { Transaction } from '../../src/fraud/schemas.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import type { DerivedEvents } from '../partition/driver.ts';
import { type DriverOptions, drivePartition, END, type Step, TRANSACTIONS, together } from '../partition/driver.ts';

const BOUND_MS = 30;
const GAP_MS = 25;
const fraud: AnyFraudSpec = {
  sessionGapMs: GAP_MS,
  caseQuietMs: 60,
  rules: { amountCents: 900, velocityCount: 3, deviations: 1.5, minHistory: 3 },
};
const options: DriverOptions = { ...TRANSACTIONS, watermark: { kind: 'bounded', outOfOrdernessMs: BOUND_MS }, fraud };

const transaction = fc.record({
  customerId: fc.integer({ min: 1, max: 6 }),
  terminalId: fc.integer({ min: 1, max: 3 }),
  amountCents: fc.integer({ min: 0, max: 1000 }),
  occurredAt: fc.integer({ min: 0, max: 400 }),
});
const numbered = (transactions: readonly Omit<Transaction, 'transactionId'>[]): Transaction[] =>
  transactions.map((one, i) => ({ transactionId: i + 1, ...one }));
const transactions = fc.array(transaction, { maxLength: 50 }).map(numbered);
const withinBound = fc
  .array(fc.tuple(transaction, fc.integer({ min: 0, max: BOUND_MS })), { maxLength: 60 })
  .map((delayed) => delayed.sort(([a, x], [b, y]) => a.occurredAt + x - (b.occurredAt + y)).map(([one]) => one))
  .map(numbered);
/** Time walks forward with small steps back, so that many sessions and cases are open when a watermark leaps. */
const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.tuple(transaction, fc.integer({ min: -10, max: 14 })) },
      fc.record({ leapMs: fc.integer({ min: -40, max: 120 }) }),
    ),
    { maxLength: 40 },
  )
  .map((some) => {
    let nowMs = 100;
    return some.map((one, i) => {
      if ('leapMs' in one) return { watermark: nowMs + one.leapMs };
      const [paid, stepMs] = one;
      nowMs += stepMs;
      return { ...paid, transactionId: i + 1, occurredAt: nowMs };
    });
  });

const run = (input: readonly Transaction[]): DerivedEvents =>
  drivePartition(options).pipe(...input.map((one) => ({ ...one })), END);
const sorted = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

/** Sessions of one card by definition: in order of time, a new one where the pause is longer than the gap. */
function sessionsOf(input: readonly Transaction[]) {
  const sessions: { customerId: number; start: number; end: number; count: number; totalCents: number }[] = [];
  const byCard = [...input].sort((a, b) => a.customerId - b.customerId || a.occurredAt - b.occurredAt);
  for (const { customerId, occurredAt, amountCents } of byCard) {
    const open = sessions.at(-1);
    if (open === undefined || open.customerId !== customerId || occurredAt > open.end) {
      sessions.push({ customerId, start: occurredAt, end: occurredAt + GAP_MS, count: 1, totalCents: amountCents });
    } else {
      open.end = occurredAt + GAP_MS;
      open.count += 1;
      open.totalCents += amountCents;
    }
  }
  return sessions;
}

describe('for every input', () => {
  test('that arrives within the bound, the sessions are those of the sorted transactions, and nothing is late', () => {
    fc.assert(
      fc.property(withinBound, (input) => {
        const { sessions, late } = run(input);
        expect(late).toEqual([]);
        const closed = sessions.map(({ customerId, start, end, count, totalCents }) => ({
          customerId,
          start,
          end,
          count,
          totalCents,
        }));
        expect(sorted(closed)).toEqual(sorted(sessionsOf(input)));
      }),
    );
  });

  test('each transaction is scored once, and is in one session or late', () => {
    fc.assert(
      fc.property(transactions, (input) => {
        const { sessions, late, scores } = run(input);
        expect(scores.map(({ transactionId }) => transactionId)).toEqual(input.map((one) => one.transactionId));
        expect(sessions.reduce((sum, { count }) => sum + count, 0) + late.length).toBe(input.length);
      }),
    );
  });

  test('sessions of one card never overlap or touch', () => {
    fc.assert(
      fc.property(withinBound, (input) => {
        const ordered = [...run(input).sessions].sort((a, b) => a.customerId - b.customerId || a.start - b.start);
        for (const [i, session] of ordered.entries()) {
          const before = ordered[i - 1];
          if (before?.customerId === session.customerId) expect(session.start).toBeGreaterThan(before.end);
        }
      }),
    );
  });

  test('a card has one open case at a time, every hit belongs to one, and every case has one alert and expires once', () => {
    fc.assert(
      fc.property(transactions, (input) => {
        const { cases, alerts, scores } = run(input);
        const open = new Map<number, { caseId: string; hits: number }>();
        for (const { customerId, caseId, change, hits } of cases) {
          const current = open.get(customerId);
          if (change === 'opened') {
            expect(current).toBeUndefined();
            expect(hits).toBe(1);
            open.set(customerId, { caseId, hits });
          } else {
            expect({ caseId, hits }).toEqual({
              caseId: current?.caseId,
              hits: (current?.hits ?? 0) + (change === 'hit' ? 1 : 0),
            });
            if (change === 'hit') open.set(customerId, { caseId, hits });
            else open.delete(customerId);
          }
        }
        expect(open.size).toBe(0);
        const opened = cases.filter(({ change }) => change === 'opened').map(({ caseId }) => caseId);
        expect(alerts.map(({ caseId }) => caseId)).toEqual(opened);
        expect(new Set(opened).size).toBe(opened.length);
        const hits = cases.filter(({ change }) => change !== 'expired').map((change) => change.transactionId);
        expect(hits).toEqual(scores.filter(({ ruleHits }) => ruleHits !== 0).map((score) => score.transactionId));
      }),
    );
  });

  test('within the bound, 4 partitions by card give the sessions, scores, alerts and cases that 1 gives', () => {
    fc.assert(
      fc.property(withinBound, (input) => {
        const one = run(input);
        const four = together(
          [0, 1, 2, 3].map((partition) =>
            run(input.filter(({ customerId }) => partitionOf(customerId, 4) === partition)),
          ),
        );
        const closed = ({ sessions }: DerivedEvents) => sessions.map(({ at, ...session }) => session);
        expect(sorted(four.scores)).toEqual(sorted(one.scores));
        expect(sorted(four.alerts)).toEqual(sorted(one.alerts));
        expect(sorted(four.cases)).toEqual(sorted(one.cases));
        expect(sorted(closed(four))).toEqual(sorted(closed(one)));
      }),
    );
  });

  test('the same transactions, cut into batches in any way, give the same events in the same order', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (input, sizes) => {
        const driver = drivePartition(options);
        const parts: DerivedEvents[] = [];
        for (let from = 0, i = 0; from < input.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          parts.push(driver.pipe(...input.slice(from, from + size)));
          from += size;
        }
        expect(together([...parts, driver.pipe(END)])).toEqual(drivePartition(options).pipe(...input, END));
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
          const bytes = Buffer.concat([before.bytes(), restored.bytes()]);
          expect(bytes.equals(unbroken.bytes()), `restored before step ${i}`).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test("a card's norm is the mean and sample deviation that two passes over its amounts give", () => {
  const amounts = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 2, maxLength: 100 });
  fc.assert(
    fc.property(amounts, fc.integer({ min: 0, max: 1e9 }), (past, next) => {
      const rows = new Float64Array(1 + NORM_NUMBERS);
      for (const amount of past) learnAmount(rows, 1, amount);
      const mean = past.reduce((sum, amount) => sum + amount, 0) / past.length;
      const variance = past.reduce((sum, amount) => sum + (amount - mean) ** 2, 0) / (past.length - 1);
      expect(meanCents(rows, 1)).toBeCloseTo(mean, 4);
      if (variance === 0) expect(deviationsAboveMean(rows, 1, next)).toBe(0);
      else {
        const expected = (next - mean) / Math.sqrt(variance);
        expect(Math.abs(deviationsAboveMean(rows, 1, next) - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
      }
    }),
  );
});
