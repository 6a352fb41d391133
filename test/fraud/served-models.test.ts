/** Models that score in the stream: through a whole partition, by commands in its log. */
import { describe, expect, test } from 'vitest';
import { modelFile, readModel } from '../../src/fraud/model.ts';
import type { ModelCommand } from '../../src/fraud/model-schemas.ts';
import { createScorer } from '../../src/fraud/scorer.ts';
import type { FraudSpec } from '../../src/fraud/spec.ts';
import { modelCommandType, suppressionCommandType, transactionType } from '../../src/fraud/types.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WatermarkPolicy } from '../../src/streams/watermark.ts';
import { drivePartition, type Step } from '../partition/driver.ts';
import { DRAWN_FEATURES, drawnModel } from './drawn-model.ts';

const double = (name: string) => ({ name, type: ['null', 'double'], default: null }) as const;
const VECTORS: AvroRecord = {
  ...transactionType.schema,
  fields: [...transactionType.schema.fields, ...DRAWN_FEATURES.slice(1).map(double)],
};
const spec: FraudSpec = {
  sessionGapMs: 1000,
  caseQuietMs: 100_000,
  rules: [{ name: 'huge', where: 'amountCents > 50000', score: 0.9, reason: 'Amount {amountCents:.0f}' }],
};
const SCRIPTED: WatermarkPolicy = { kind: 'scripted' };
const open = (snapshot?: Uint8Array, schema = VECTORS, fraud = spec) =>
  drivePartition({ schema, timeField: 'occurredAt', watermark: SCRIPTED, fraud }, snapshot);

const linear = modelFile(drawnModel('logistic-regression').facts);
const trees = modelFile(drawnModel('boosted-trees').facts);

let transactionId = 0;
const features = {
  customer_nb_tx_30day: 12,
  customer_avg_amount_30day: 40,
  tx_during_night: 0,
  terminal_risk_7day: 0.1,
};
const pay = (customerId: number, amountCents: number, more: object = {}) => {
  transactionId += 1;
  return { transactionId, customerId, terminalId: 7, amountCents, occurredAt: transactionId, ...features, ...more };
};
let commandId = 0;
function tell(action: ModelCommand['action'], file: typeof linear | null, threshold = 0.5, content = file?.text): Step {
  commandId += 1;
  const who = { commandId: `m${commandId}`, by: 'anna', note: '', requestedAt: 1_700_000_000_000 };
  const told = {
    ...who,
    action,
    model: file?.id ?? '',
    threshold,
    reason: 'by hand',
    measured: '',
    content: content ?? '',
  };
  return { operator: 'fraud', told: modelCommandType.encodeBlock([told]) };
}
const scoreOf = ({ text }: typeof linear, amountCents: number, rest = [12, 40, 0, 0.1]) =>
  createScorer(readModel('', text)).score(Float64Array.of(amountCents, ...rest), 0);

describe('a model that was promoted', () => {
  test('scores what comes behind its command, under its name, and raises alerts with reasons in words', () => {
    const driver = open();
    const { scores, models, alerts, hits, cases } = driver.pipe(
      pay(1, 29_000),
      tell('promote', linear),
      pay(1, 100),
      pay(1, 29_000),
    );
    expect(scores.map(({ model }) => model)).toEqual(['rules-1', linear.id, linear.id]);
    expect(scores.map(({ score }) => score)).toEqual([0, scoreOf(linear, 100), scoreOf(linear, 29_000)]);
    expect(models).toMatchObject([{ action: 'promote', outcome: 'done', model: linear.id, previous: '' }]);
    expect(hits).toMatchObject([{ rule: linear.id, score: scoreOf(linear, 29_000), caseId: cases[0]?.caseId }]);
    expect(alerts).toMatchObject([{ model: linear.id, score: scoreOf(linear, 29_000), rules: [linear.id] }]);
    const [reason] = alerts[0]!.reasons;
    expect(reason).toMatchObject({ code: 'model.amount', value: 29_000, norm: 14_550 });
    expect(reason?.text).toMatch(/^Amount \(\+\d\.\d\): 290\.00; 145\.50 is the customer's mean$/);
  });

  test('stands beside the rules: both are in an alert, and the score is the higher one', () => {
    const { alerts } = open().pipe(tell('promote', linear), pay(2, 60_000));
    expect(alerts).toMatchObject([{ rules: ['huge', linear.id], model: linear.id }]);
    expect(alerts[0]?.reasons.map(({ code }) => code).slice(0, 2)).toEqual(['huge', 'model.amount']);
    expect(alerts[0]?.score).toBe(Math.max(0.9, scoreOf(linear, 60_000)));
  });

  test('raises nothing below its threshold, and nothing that is suppressed by its name; both are scored', () => {
    const driver = open();
    const below = driver.pipe(tell('promote', linear, 0.9999), pay(3, 29_000));
    expect([below.scores.length, below.alerts, below.hits]).toEqual([1, [], []]);
    const who = { commandId: 's', by: 'anna', note: '', requestedAt: 1 };
    const scope = { suppressionId: 's', customerId: null, terminalId: null, rule: linear.id };
    const told = suppressionCommandType.encodeBlock([{ ...who, ...scope, action: 'suppress', forMs: 1e9 }]);
    const { alerts, hits } = driver.pipe(tell('promote', linear), { operator: 'fraud', told }, pay(3, 29_000));
    expect(alerts).toEqual([]);
    expect(hits).toMatchObject([{ rule: linear.id, suppressionId: 's', caseId: null }]);
  });

  test('is replaced, and comes back by a rollback; without a model the rules score alone', () => {
    const driver = open();
    const { scores, models } = driver.pipe(
      ...[tell('promote', linear), pay(4, 1), tell('promote', trees), pay(4, 1)],
      ...[tell('rollback', linear), pay(4, 1), tell('rollback', null), pay(4, 1)],
    );
    expect(scores.map(({ model }) => model)).toEqual([linear.id, trees.id, linear.id, 'rules-1']);
    expect(models.map(({ previous }) => previous)).toEqual(['', linear.id, trees.id, linear.id]);
  });

  test('takes a feature that is missing as the mean of its training', () => {
    const mean = readModel('', linear.text).ranges[4]!.mean;
    const { scores } = open().pipe(tell('promote', linear), pay(5, 900, { terminal_risk_7day: null }));
    expect(scores[0]?.score).toBe(scoreOf(linear, 900, [12, 40, 0, mean]));
  });
});

describe('a challenger', () => {
  test('scores beside the champion in shadow: it raises nothing', () => {
    const driver = open();
    const { challenger, alerts, scores } = driver.pipe(tell('challenge', trees), pay(6, 29_000));
    expect(challenger).toMatchObject([
      { model: trees.id, score: scoreOf(trees, 29_000), reached: true, liveScore: 0, liveModel: 'rules-1' },
    ]);
    expect([alerts, scores[0]?.model]).toEqual([[], 'rules-1']);
    const promoted = driver.pipe(tell('promote', trees), pay(6, 1));
    expect([promoted.challenger, promoted.scores[0]?.model]).toEqual([[], trees.id]);
    expect(driver.pipe(tell('challenge', linear), tell('withdraw', null), pay(6, 1)).challenger).toEqual([]);
  });
});

describe('a model that can not score here', () => {
  test('is refused in words, and the one before goes on', () => {
    const driver = open();
    const { models, scores } = driver.pipe(
      tell('promote', linear),
      tell('promote', trees, 0.5, trees.text.replace('"depth"', '"dept"').slice(0, -40)),
      tell('promote', trees, 0.5, 'no model'),
      pay(7, 1),
    );
    expect(models.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['done', ''],
      ['refused', expect.stringContaining('is damaged')],
      ['refused', expect.stringContaining('is no model file')],
    ]);
    expect(scores[0]?.model).toBe(linear.id);
  });

  test('names the features that the events have not', () => {
    const { models, scores } = open(undefined, transactionType.schema).pipe(tell('promote', linear), {
      ...{ transactionId: 1, customerId: 1, terminalId: 1, amountCents: 1, occurredAt: 1 },
    });
    expect(models[0]?.detail).toContain('needs customer_nb_tx_30day, customer_avg_amount_30day, tx_during_night');
    expect(scores[0]?.model).toBe('rules-1');
  });
});

describe('what a snapshot holds of models', () => {
  const script = (): Step[] => [pay(8, 29_000), pay(9, 300), pay(8, 60_000)];

  test('is the champion with its threshold, the challenger, and the last command', () => {
    const before = open();
    const again = tell('promote', trees, 0.25);
    before.pipe(again, tell('challenge', linear, 0.75));
    const after = open(before.snapshot());
    const steps = script();
    const [whole, restored] = [before.pipe(...steps), after.pipe(...steps)];
    expect(restored).toEqual(whole);
    expect(restored.challenger.map(({ reached }) => reached)).toEqual(
      steps.map((step) => 'amountCents' in step && scoreOf(linear, Number(step.amountCents)) >= 0.75),
    );
  });

  test('does not let the last command be taken twice', () => {
    const before = open();
    const command = tell('promote', trees);
    before.pipe(command);
    expect(open(before.snapshot()).pipe(command).models).toEqual([]);
  });

  test('leaves the rules alone when the events have lost its features', () => {
    const before = open();
    before.pipe(tell('promote', trees));
    const { scores } = open(before.snapshot(), transactionType.schema).pipe({
      transactionId: 1,
      customerId: 1,
      terminalId: 1,
      amountCents: 60_000,
      occurredAt: 1,
    });
    expect(scores).toMatchObject([{ model: 'rules-1', score: 0.9 }]);
  });
});

test('the model of a backtest scores whatever the log says', () => {
  const driver = open(undefined, VECTORS, { ...spec, model: { threshold: 0.5, content: linear.text } });
  const { scores, models, alerts } = driver.pipe(tell('promote', trees), pay(10, 29_000));
  expect([scores[0]?.model, models, alerts.length]).toEqual([linear.id, [], 1]);
});
