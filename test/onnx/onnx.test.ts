/** Models that scikit-learn has made, beside what scikit-learn says; through a partition, in words, and in a service. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/fraud/lab/import-onnx.ts';
import { modelFile, readModel } from '../../src/fraud/model.ts';
import { createScorer } from '../../src/fraud/scorer.ts';
import { modelCommandType, transactionType } from '../../src/fraud/types.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createRandom } from '../../src/models/random.ts';
import { drivePartition, type Step } from '../partition/driver.ts';
import { chancesBy, ONNX_FEATURES, onnxFile, ROWS, VALUES } from './fixture.ts';

const rowsOf = (values: Float64Array, rows: number) => ({
  features: ['occurred', ...ONNX_FEATURES],
  rows,
  values: Float64Array.from({ length: rows * 5 }, (_, at) =>
    at % 5 === 0 ? -1 : values[Math.floor(at / 5) * 4 + (at % 5) - 1]!,
  ),
  ...{ transactions: Float64Array.from({ length: rows }, (_, at) => at), customers: new Float64Array(rows) },
  ...{ days: new Int32Array(rows), amountsCents: new Float64Array(rows) },
  ...{ labels: new Uint8Array(rows), scenarios: new Uint8Array(rows) },
});
const OPTIONS = { features: ONNX_FEATURES, stream: 's.features', fromMs: 0, toMs: 1, alertsPerDay: 10 };
const imported = (name: string, values = VALUES, rows = ROWS, more: Partial<typeof OPTIONS> = {}) => {
  const file = modelFile(
    importOnnx(onnxFile(name), rowsOf(values, rows), { ...OPTIONS, name: `${name}.onnx`, ...more }),
  );
  return { ...file, model: readModel(file.id, file.text) };
};

describe.each(['logistic', 'boosted', 'forest'])('the %s model of scikit-learn', (name) => {
  const { model } = imported(name);
  const scorer = createScorer(model);

  it('says what scikit-learn says, within 1e-6', () => {
    const far = [...scorer.scoreRows(VALUES, ROWS)].filter((chance, at) => {
      return !(Math.abs(chance - chancesBy(name)[at]!) <= 1e-6);
    });
    expect(far).toEqual([]);
  });

  it('says the same to the bit of a row alone and in any batch', () => {
    const all = scorer.scoreRows(VALUES, ROWS);
    for (const [from, to] of [
      [0, 1],
      [3, 70],
      [64, 65],
      [63, 129],
      [10, 200],
    ] as const) {
      expect(scorer.scoreRows(VALUES.subarray(from * 4, to * 4), to - from)).toEqual(all.subarray(from, to));
    }
    for (let row = 0; row < ROWS; row += 17) expect(scorer.score(VALUES, row * 4)).toBe(all[row]);
  });

  it('is explained by families that add up to its log odds, none of which it does not look at', () => {
    for (let row = 0; row < 40; row++) {
      const { base, families } = scorer.explain(VALUES, row * 4);
      const chance = 1 / (1 + Math.exp(-families.reduce((sum, { logOdds }) => sum + logOdds, base)));
      expect(chance).toBeCloseTo(Math.max(1e-6, scorer.score(VALUES, row * 4)), 9);
    }
    const means = Float64Array.from(model.ranges, ({ mean }) => mean);
    for (const { logOdds } of scorer.explain(means, 0).families) expect(logOdds).toBe(0);
    const [first] = scorer.explain(Float64Array.of(29_000, ...means.subarray(1)), 0).families;
    expect(first).toMatchObject({ family: 'amount', feature: 'amountCents', value: 29_000, norm: means[0] });
  });

  it('takes what is missing as the mean, and what is far off as the end of the range', () => {
    const means = Float64Array.from(model.ranges, ({ mean }) => mean);
    expect(scorer.score(new Float64Array(4).fill(Number.NaN), 0)).toBe(scorer.score(means, 0));
    const { low, high } = model.ranges[0]!;
    const far = [1e300, 2 * high - low].map((amount) => scorer.score(Float64Array.of(amount, 3, 50, 0), 0));
    expect(far[0]).toBe(far[1]);
  });
});

describe('a linear model made elsewhere', () => {
  it('has the contributions that its weights have, where features are families of their own', () => {
    const { model } = imported('logistic');
    const scorer = createScorer(model);
    const random = createRandom();
    random.seed(1, 2, 3);
    const means = model.ranges.map(({ mean }) => mean);
    const oddsOf = (values: readonly number[]) => {
      const chance = scorer.score(Float64Array.from(values), 0);
      return Math.log(chance / (1 - chance));
    };
    for (let turn = 0; turn < 20; turn++) {
      const row = [random.below(30_000), 1 + random.below(29), 20 + random.below(80), random.uniform()];
      const { families } = scorer.explain(Float64Array.from(row), 0);
      // Of a sum, what a part adds is the same beside any others.
      const alone = (at: readonly number[]) =>
        oddsOf(means.map((mean, place) => (at.includes(place) ? row[place]! : mean))) - oddsOf(means);
      const wanted = { amount: alone([0]), spending: alone([1, 2]), terminal: alone([3]) };
      for (const { family, logOdds } of families) {
        expect(logOdds).toBeCloseTo(Object.entries(wanted).find(([name]) => name === family)?.[1] ?? Number.NaN, 4);
      }
    }
  });
});

describe('a file that is no such model', () => {
  it('is refused in words that say what to do', () => {
    expect(() => imported('zipmap')).toThrow(
      'zipmap.onnx: it says output_label, output_probability, which is no tensor',
    );
    expect(() => imported('forest', VALUES, ROWS, { features: ONNX_FEATURES.slice(1) })).toThrow(
      'forest.onnx: it takes 4 numbers a row, and --features names 3: name them in its own order',
    );
    expect(() => imported('forest', VALUES, ROWS, { features: ['amountCent'] })).toThrow(
      's.features has no feature amountCent; did you mean amountCents?',
    );
    expect(() => imported('forest', VALUES, 0)).toThrow('the journal has no transaction of these days');
    const damaged = onnxFile('forest').slice(0, 300);
    expect(() => importOnnx(damaged, rowsOf(VALUES, ROWS), { ...OPTIONS, name: 'f.onnx' })).toThrow(
      "f.onnx: onnxruntime-node can't open it",
    );
  });
});

describe('in a partition', () => {
  const double = (name: string) => ({ name, type: ['null', 'double'], default: null }) as const;
  const schema: AvroRecord = {
    ...transactionType.schema,
    fields: [...transactionType.schema.fields, ...ONNX_FEATURES.slice(1).map(double)],
  };
  const fraud = { sessionGapMs: 1000, caseQuietMs: 100_000, rules: [] };
  const open = (snapshot?: Uint8Array) =>
    drivePartition({ schema, timeField: 'occurredAt', watermark: { kind: 'scripted' }, fraud }, snapshot);
  const { id, text, model } = imported('boosted');
  const promote: Step = {
    operator: 'fraud',
    told: modelCommandType.encodeBlock([
      {
        ...{ commandId: 'a', by: 'anna', note: '', requestedAt: 1, action: 'promote', model: id, threshold: 0.1 },
        ...{ reason: '', measured: '', content: text },
      },
    ]),
  };
  const pay = (row: number): Step => ({
    ...{ transactionId: row, customerId: row % 7, terminalId: 1, amountCents: VALUES[row * 4]!, occurredAt: row },
    ...Object.fromEntries(ONNX_FEATURES.slice(1).map((name, at) => [name, VALUES[row * 4 + at + 1]!])),
  });
  const steps = Array.from({ length: ROWS }, (_, row) => pay(row));

  it('it scores every transaction as scikit-learn does, with reasons, also behind a snapshot', () => {
    const whole = open();
    const first = whole.pipe(promote, ...steps.slice(0, 90));
    const after = open(whole.snapshot());
    const rest = after.pipe(...steps.slice(90));
    const scores = [...first.scores, ...rest.scores];
    expect(scores.every(({ model }) => model === id)).toBe(true);
    const all = createScorer(model).scoreRows(VALUES, ROWS);
    expect(scores.map(({ score }) => score)).toEqual([...all]);
    expect(scores.filter(({ score }, at) => !(Math.abs(score - chancesBy('boosted')[at]!) <= 1e-6))).toEqual([]);
    const alerts = [...first.alerts, ...rest.alerts];
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts[0]?.reasons[0]?.text).toMatch(/^(Amount|Terminal) \(\+\d+\.\d\): /);
    expect(whole.pipe(...steps.slice(90))).toEqual(rest);
  });
});
