import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseOf, contributionsOf, type Recipe, scorerOf, trainOn } from '../../src/models/fit.ts';
import { createRandom } from '../../src/models/random.ts';
import type { LabelledTable } from '../../src/models/table.ts';
import type { Trees } from '../../src/models/trees.ts';

const LINEAR: Recipe = { form: 'linear', options: { inverseL2: 0.7, positiveWeight: 3 } };
const TREES: Recipe = {
  form: 'trees',
  options: {
    trees: 6,
    depth: 3,
    rate: 0.3,
    l2: 1,
    minHessian: 0.5,
    minGain: 0,
    rowShare: 0.8,
    columnShare: 1,
    positiveWeight: 1,
    bins: 16,
    seed: 7,
  },
};
const DESCENT: Recipe = { form: 'descent', options: { steps: 2000, sampleRows: 1000, seed: 1 } };
const WIDTH = 4;

/** Rows whose class depends on the first two columns and on chance; the last column has one value. */
function sample(seed: number, rows = 300): LabelledTable {
  const random = createRandom();
  random.seed(seed, 0, 0);
  const values = new Float64Array(rows * WIDTH);
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < WIDTH - 1; column++) values[row * WIDTH + column] = random.uniform() * 10;
    values[row * WIDTH + WIDTH - 1] = 5;
    const signal = values[row * WIDTH]! + (values[row * WIDTH + 1]! > 5 ? 4 : 0);
    labels[row] = signal + random.uniform() * 6 > 11 ? 1 : 0;
  }
  return { names: ['a', 'b', 'c', 'd'], rows, values, labels };
}

const SEEDS = fc.integer({ min: 1, max: 1_000_000 });

describe('logistic regression', () => {
  it('ends where the penalised loss has no slope: the optimum, since the loss is convex', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const table = sample(seed);
        const fitted = trainOn(table, LINEAR);
        if (fitted.form !== 'linear' || LINEAR.form !== 'linear') throw new Error('not linear');
        const { weights, means, deviations } = fitted.linear;
        const slope = Float64Array.from(weights);
        let interceptSlope = 0;
        for (let row = 0; row < table.rows; row++) {
          const label = table.labels[row]!;
          const chance = 1 / (1 + Math.exp(-scorerOf(fitted)(table.values, row * WIDTH)));
          const error = LINEAR.options.inverseL2 * (label === 1 ? LINEAR.options.positiveWeight : 1) * (chance - label);
          interceptSlope += error;
          for (let column = 0; column < WIDTH; column++) {
            if (deviations[column] === 0) continue;
            slope[column]! += (error * (table.values[row * WIDTH + column]! - means[column]!)) / deviations[column]!;
          }
        }
        for (const each of [...slope, interceptSlope]) expect(Math.abs(each)).toBeLessThan(1e-6);
      }),
      { numRuns: 20 },
    );
  });

  it('gives a column with one value no weight', () => {
    const fitted = trainOn(sample(1), LINEAR);
    expect(fitted.form === 'linear' && fitted.linear.weights[3]).toBe(0);
  });
});

describe('logistic regression by gradient descent', () => {
  it("comes to what Newton's method comes to without L2, given steps enough", () => {
    const table = sample(9);
    const slow = trainOn(table, DESCENT);
    const exact = trainOn(table, { form: 'linear', options: { inverseL2: 1e6, positiveWeight: 1 } });
    for (let row = 0; row < 20; row++) {
      expect(scorerOf(slow)(table.values, row * WIDTH)).toBeCloseTo(scorerOf(exact)(table.values, row * WIDTH), 2);
    }
  });

  it('of a sample has the chances of all rows, near enough', () => {
    const table = sample(10, 2000);
    const fitted = trainOn(table, { form: 'descent', options: { steps: 400, sampleRows: 600, seed: 1 } });
    let expected = 0;
    for (let row = 0; row < table.rows; row++)
      expected += 1 / (1 + Math.exp(-scorerOf(fitted)(table.values, row * WIDTH)));
    const positives = table.labels.reduce((sum, label) => sum + label, 0);
    expect(Math.abs(expected / positives - 1)).toBeLessThan(0.1);
  });
});

describe('boosted trees', () => {
  it('are the same to the bit for the same rows and seed', () => {
    expect(trainOn(sample(3), TREES)).toEqual(trainOn(sample(3), TREES));
  });

  it('tell the classes of rows that they were not trained on', () => {
    const fitted = trainOn(sample(4, 2000), TREES);
    const other = sample(5, 1000);
    let right = 0;
    for (let row = 0; row < other.rows; row++) {
      right += scorerOf(fitted)(other.values, row * WIDTH) > 0 === (other.labels[row] === 1) ? 1 : 0;
    }
    expect(right / other.rows).toBeGreaterThan(0.8);
  });
});

describe('contributions', () => {
  it.each([
    ['linear', LINEAR],
    ['trees', TREES],
  ] as const)('add up to the score with the base: %s', (_, recipe) => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const table = sample(seed, 120);
        const fitted = trainOn(table, recipe);
        for (let row = 0; row < 10; row++) {
          const sum = contributionsOf(fitted, table.values, row * WIDTH).reduce(
            (all, each) => all + each,
            baseOf(fitted),
          );
          expect(sum).toBeCloseTo(scorerOf(fitted)(table.values, row * WIDTH), 9);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('of trees are the Shapley values: the mean gain of a column over all orders in which columns become known', () => {
    const table = sample(11, 200);
    const fitted = trainOn(table, TREES);
    if (fitted.form !== 'trees') throw new Error('not trees');
    const orders = permutations([0, 1, 2, 3]);
    for (let row = 0; row < 5; row++) {
      const values = table.values.subarray(row * WIDTH, (row + 1) * WIDTH);
      const wanted = new Float64Array(WIDTH);
      for (const order of orders) {
        const known = new Set<number>();
        let before = expectation(fitted.trees, values, known);
        for (const column of order) {
          known.add(column);
          const after = expectation(fitted.trees, values, known);
          wanted[column]! += (after - before) / orders.length;
          before = after;
        }
      }
      const given = contributionsOf(fitted, table.values, row * WIDTH);
      for (let column = 0; column < WIDTH; column++) expect(given[column] ?? 0).toBeCloseTo(wanted[column]!, 9);
    }
  });
});

describe('rows that nothing can be learned from', () => {
  it('are refused in words that say what to do', () => {
    const few = { ...sample(1), labels: new Uint8Array(300) };
    expect(() => trainOn(few, LINEAR)).toThrow('of 300 rows there are 0 positives: training takes 10 of each class');
    const broken = sample(1);
    broken.values[2 * WIDTH + 1] = Number.NaN;
    expect(() => trainOn(broken, TREES)).toThrow('b of row 2 is NaN: training takes numbers');
  });
});

/** The mean of the leaves that a row may come to when only some of its columns are known. */
function expectation(trees: Trees, values: Float64Array, known: ReadonlySet<number>): number {
  const { column, threshold, left, right, value, cover } = trees;
  const mean = (node: number): number => {
    const asked = column[node]!;
    if (asked < 0) return value[node]!;
    const [to, or] = [left[node]!, right[node]!];
    if (known.has(asked)) return mean(values[asked]! <= threshold[node]! ? to : or);
    return (mean(to) * cover[to]! + mean(or) * cover[or]!) / cover[node]!;
  };
  return trees.roots.reduce((sum, root) => sum + mean(root), 0);
}

function permutations(of: readonly number[]): number[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first) => permutations(of.filter((each) => each !== first)).map((rest) => [first, ...rest]));
}
