/** A model through its file, and what its score is made of. */
import { describe, expect, it } from 'vitest';
import { modelFile, readModel } from '../../src/fraud/model.ts';
import { MODEL_KINDS } from '../../src/fraud/model-kinds.ts';
import { createScorer } from '../../src/fraud/scorer.ts';
import { trainOn } from '../../src/models/fit.ts';
import { DRAWN_FEATURES, drawnModel } from './drawn-model.ts';

describe.each(['logistic-regression', 'logistic-regression-derived', 'boosted-trees'] as const)(
  'a model of kind %s',
  (kind) => {
    const { facts, values } = drawnModel(kind);
    const { id, text } = modelFile(facts);
    const model = readModel('a.model', text);
    const { score, explain } = createScorer(model);

    it('is the same after it was written and read', () => {
      expect(model).toEqual({ ...facts, id });
      expect(modelFile(facts).id).toBe(id);
    });

    it('explains a score by families of features that add up to its log odds', () => {
      for (let row = 0; row < 50; row++) {
        const { base, families } = explain(values, row * DRAWN_FEATURES.length);
        const logOdds = families.reduce((sum, family) => sum + family.logOdds, base);
        expect(1 / (1 + Math.exp(-logOdds))).toBeCloseTo(score(values, row * DRAWN_FEATURES.length), 12);
      }
    });

    it('names the amount first for a large one', () => {
      const { families } = explain(Float64Array.of(29_000, 40, 50, 0, 0.5), 0);
      expect(families[0]).toMatchObject({ family: 'amount', feature: 'amountCents', value: 29_000 });
    });

    it('gives a number for features that are missing or without bound', () => {
      const scores = [Number.NaN, 1e300, -1e300].map((value) => score(new Float64Array(5).fill(value), 0));
      for (const each of scores) expect(each >= 0 && each <= 1).toBe(true);
    });

    it('is refused by name when its file was changed', () => {
      expect(() => readModel('a.model', text.replace('"rows":600', '"rows":601'))).toThrow('a.model is damaged');
      expect(() => readModel('a.model', text.replace('"format":1', '"format":9'))).toThrow('a.model has format 9');
      expect(() => readModel('a.model', 'nothing')).toThrow('a.model is no model file');
    });
  },
);

describe('training', () => {
  const table = { names: ['x'], rows: 20, values: new Float64Array(20), labels: new Uint8Array(20) };
  const { recipe } = MODEL_KINDS['logistic-regression'];

  it('says how many rows of a class are missing', () => {
    expect(() => trainOn(table, recipe)).toThrow('of 20 rows there are 0 positives: training takes 10 of each class');
    expect(() => trainOn({ ...table, labels: new Uint8Array(20).fill(1) }, recipe)).toThrow('there are 0 negatives');
  });

  it('says which value is no number', () => {
    const values = new Float64Array(20).fill(1, 0, 19).fill(Number.NaN, 19);
    const labels = Uint8Array.from({ length: 20 }, (_, row) => row % 2);
    expect(() => trainOn({ ...table, labels, values }, recipe)).toThrow('x of row 19 is NaN');
  });
});
