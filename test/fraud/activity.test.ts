/** Profiles of customers at a moment: what they say, and that they say nothing of what came later. */
import { expect, test } from 'vitest';
import { activityTable, type CustomerHistory, isGone, PROFILE_COLUMNS, profileAt } from '../../src/fraud/activity.ts';
import { judgeActivity } from '../../src/fraud/lab/customer-activity.ts';
import { createRandom } from '../../src/models/random.ts';

const DAY_MS = 86_400_000;
const history = (customerId: number, days: readonly number[], cents = 1000): CustomerHistory => ({
  customerId,
  timesMs: Float64Array.from(days, (day) => day * DAY_MS),
  amountsCents: new Float64Array(days.length).fill(cents),
});
const named = (profile: Float64Array | null) =>
  Object.fromEntries(PROFILE_COLUMNS.map((name, at) => [name, profile?.[at]]));

test('a profile counts what came before the moment', () => {
  expect(named(profileAt(history(1, [1, 50, 95, 96, 99.5, 100, 101]), 100 * DAY_MS))).toEqual({
    ...{ days_since_last: 0.5, transactions_7day: 3, transactions_30day: 3, transactions_90day: 4 },
    ...{ active_days_30day: 3, mean_gap_days: 16.5, last_gap_to_mean: 0.5 / 16.5, mean_amount_90day: 10 },
  });
  expect(profileAt(history(1, [1, 9]), 100 * DAY_MS)).toBeNull();
  expect(profileAt(history(1, [100]), 100 * DAY_MS)).toBeNull();
});

test('a customer is gone when none comes from the moment to the end of the horizon, the end not included', () => {
  const one = history(1, [90, 114]);
  expect([isGone(one, 100 * DAY_MS, 14), isGone(one, 100 * DAY_MS, 15), isGone(one, 114 * DAY_MS, 1)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('what comes after the moment changes no profile', () => {
  const before = [80, 85, 99];
  const tables = [[], [100, 101], [120]].map((after) =>
    activityTable([history(1, [...before, ...after])], [100 * DAY_MS], 14),
  );
  for (const { values } of tables) expect(values).toEqual(tables[0]!.values);
  expect(tables.map(({ labels }) => labels[0])).toEqual([1, 0, 1]);
});

/** Each day a customer pays with a chance of his own; some of them stop for good. */
function drawnCustomers(count: number): CustomerHistory[] {
  const random = createRandom();
  random.seed(9, 9, 9);
  return Array.from({ length: count }, (_, customer) => {
    const chance = 0.05 + 0.6 * random.uniform();
    const stops = random.uniform() < 0.5 ? 60 + random.below(100) : 1000;
    const days: number[] = [];
    for (let day = 1; day < 160; day++) if (day < stops && random.uniform() < chance) days.push(day + random.uniform());
    return history(customer, days.length === 0 ? [1] : days);
  });
}

test('the model tells who is gone better than the last visit alone, and never sees the days that judge', async () => {
  const all = drawnCustomers(800);
  const report = await judgeActivity(all, 14, null);
  expect(report.model.auc).toBeGreaterThan(report.recency.auc);
  expect(report.model.brier).toBeLessThan(report.baseRate.brier);
  // Whatever comes after the moment: the training is the same.
  const cut = all
    .map(({ customerId, timesMs }) => ({ customerId, timesMs: timesMs.filter((ms) => ms < report.atMs) }))
    .map((own) => ({ ...own, amountsCents: new Float64Array(own.timesMs.length).fill(1000) }))
    .filter(({ timesMs }) => timesMs.length > 0);
  const again = await judgeActivity([...cut, history(-1, [159.9])], 14, report.atMs);
  expect(again.weights).toEqual(report.weights);
  await expect(judgeActivity(all, 14, 159 * DAY_MS)).rejects.toThrow('is not known yet');
  await expect(judgeActivity(all, 100, null)).rejects.toThrow('too few days');
}, 20_000);
