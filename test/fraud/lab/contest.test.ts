/** Whether a candidate is promoted: on drawn days, with what is asked of it. */
import { describe, expect, it } from 'vitest';
import { contest } from '../../../src/fraud/lab/contest.ts';
import type { LabelledRows } from '../../../src/fraud/lab/labelled-rows.ts';
import { chooseThreshold } from '../../../src/fraud/lab/threshold.ts';
import { type Model, modelFile } from '../../../src/fraud/model.ts';
import { averagePrecision, brierScore, rankedRows } from '../../../src/models/metrics.ts';
import { createRandom } from '../../../src/models/random.ts';
import { DRAWN_FEATURES, drawnModel } from '../drawn-model.ts';

const DAY_MS = 86_400_000;
const FROM_MS = 100 * DAY_MS;
const RULES = { margin: 0.01, minFrauds: 50 };

function modelOf(change: Partial<Model> = {}): Model {
  const facts = { ...drawnModel('logistic-regression').facts, ...change };
  return { ...facts, id: modelFile(facts).id };
}

/** A model that takes large amounts for genuine. */
function blind(change: Partial<Model> = {}): Model {
  const model = modelOf(change);
  if (model.fitted.form !== 'linear') throw new Error('not linear');
  const { linear } = model.fitted;
  return {
    ...model,
    fitted: { form: 'linear', linear: { ...linear, weights: linear.weights.map((weight) => -weight) } },
  };
}

/** Seven days; amounts above 220.00 are mostly fraud. */
function drawnRows(count = 1400): LabelledRows {
  const width = DRAWN_FEATURES.length;
  const random = createRandom();
  random.seed(5, 5, 5);
  const values = new Float64Array(count * width);
  const amountsCents = Float64Array.from({ length: count }, () => random.below(30_000));
  for (let row = 0; row < count; row++) values.set([amountsCents[row]!, 40, 60, 0, 0.5], row * width);
  return {
    ...{ features: DRAWN_FEATURES, rows: count, values, amountsCents },
    transactions: Float64Array.from({ length: count }, (_, row) => row),
    customers: Float64Array.from({ length: count }, (_, row) => row % 300),
    days: Int32Array.from({ length: count }, (_, row) => 100 + Math.floor((7 * row) / count)),
    labels: Uint8Array.from(amountsCents, (cents) => (cents > 22_000 && random.uniform() < 0.5 ? 1 : 0)),
    scenarios: new Uint8Array(count),
  };
}

const NONE = new Map();

describe('a contest', () => {
  const rows = drawnRows();

  it('is won by a candidate that ranks clearly better, with its figures and the range of its gain', () => {
    const { verdict, why, gain, frauds, candidate, champion } = contest(modelOf(), blind(), rows, NONE, FROM_MS, RULES);
    expect([verdict, frauds]).toEqual(['better', rows.labels.reduce((sum, label) => sum + label, 0)]);
    expect(why).toContain('average precision');
    expect(gain!.low).toBeGreaterThan(0);
    expect(gain!.low).toBeLessThan(gain!.mean);
    expect(candidate.averagePrecision - champion!.averagePrecision).toBeCloseTo(gain!.mean, 1);
  });

  it('is not won by the champion itself, nor by a worse one', () => {
    expect(contest(modelOf(), modelOf(), rows, NONE, FROM_MS, RULES).verdict).toBe('not better');
    expect(contest(blind(), modelOf(), rows, NONE, FROM_MS, RULES)).toMatchObject({ verdict: 'not better' });
  });

  it('is not held with too few frauds, within chance, or where the champion has seen the days', () => {
    const few = contest(modelOf(), blind(), rows, NONE, FROM_MS, { ...RULES, minFrauds: 1000 });
    expect(few).toMatchObject({ verdict: 'not enough evidence', why: expect.stringContaining('1000 are asked for') });
    const within = contest(modelOf(), modelOf(), rows, NONE, FROM_MS, { ...RULES, margin: 0 });
    expect(within).toMatchObject({ verdict: 'not enough evidence', why: expect.stringContaining('within chance') });
    const seen = blind({ trainedFromMs: FROM_MS, trainedToMs: FROM_MS + 1 });
    expect(contest(modelOf(), seen, rows, NONE, FROM_MS, RULES)).toMatchObject({ verdict: 'not enough evidence' });
  });

  it('has no champion before the first promotion', () => {
    expect(contest(modelOf(), null, rows, NONE, FROM_MS, RULES)).toMatchObject({ verdict: 'better', champion: null });
  });
});

describe('a threshold', () => {
  const rows = drawnRows();
  const model = modelOf();

  it('gives no more alerts a day than people can look at, and nearly as many', () => {
    const { threshold, alertsPerDay } = chooseThreshold(model, rows, { by: 'budget', alertsPerDay: 30 });
    expect(alertsPerDay).toBeLessThanOrEqual(30);
    expect(alertsPerDay).toBeGreaterThan(28);
    expect(threshold).toBeGreaterThan(0.2);
  });

  it('costs least of all thresholds, where an alert has a cost and a missed fraud its amount', () => {
    const chosen = chooseThreshold(model, rows, { by: 'cost', alertCents: 9000 });
    const costAt = (alertsPerDay: number): number => {
      const other = chooseThreshold(model, rows, { by: 'budget', alertsPerDay });
      const missed =
        (1 - other.recall) * rows.amountsCents.reduce((sum, cents, row) => sum + cents * rows.labels[row]!, 0);
      return missed / 7 + other.alertsPerDay * 9000;
    };
    // Amounts of frauds differ, so missed ones are counted by their share only.
    for (const alerts of [5, 20, 40, 60, 120]) expect(chosen.costCentsPerDay!).toBeLessThan(costAt(alerts) * 1.02);
    expect(chooseThreshold(model, rows, { by: 'cost', alertCents: 1e9 })).toMatchObject({
      alertsPerDay: 0,
      threshold: 1,
    });
  });
});

it('the Brier score is the mean squared distance from what came true', () => {
  const [scores, labels] = [Float64Array.of(0, 1, 0.5, 0.9), Uint8Array.of(0, 0, 1, 1)];
  expect(brierScore(scores, labels)).toBeCloseTo((0 + 1 + 0.25 + 0.01) / 4, 12);
  expect(averagePrecision(scores, labels, rankedRows(scores))).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
});
