/** An ONNX model where nobody has installed what scores it. */
import { describe, expect, it } from 'vitest';
import { modelFile } from '../../src/fraud/model.ts';
import type { ModelCommand } from '../../src/fraud/model-schemas.ts';
import { createServedModels } from '../../src/fraud/served-models.ts';
import { modelCommandType, transactionType } from '../../src/fraud/types.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { openOnnx } from '../../src/models/onnx-runtime.ts';
import { DRAWN_FEATURES, drawnModel } from '../fraud/drawn-model.ts';
import { drivePartition, type Step } from '../partition/driver.ts';

const { facts } = drawnModel('logistic-regression');
const own = modelFile(facts);
const other = modelFile(drawnModel('boosted-trees').facts);
const onnx = { content: '', input: 'X', type: 'float', columns: 1, output: 'p', said: 1 } as const;
const foreign = (seed: number) =>
  modelFile({ ...facts, rows: seed, features: ['amountCents'], fitted: { form: 'onnx', onnx } });
const [first, second] = [foreign(1), foreign(2)];
const LACKING = 'an ONNX model needs the package onnxruntime-node: npm install onnxruntime-node@1.30.0';

const double = (name: string) => ({ name, type: ['null', 'double'], default: null }) as const;
const schema: AvroRecord = {
  ...transactionType.schema,
  fields: [...transactionType.schema.fields, ...DRAWN_FEATURES.slice(1).map(double)],
};
const fraud = { sessionGapMs: 1000, caseQuietMs: 100_000, rules: [] };
const open = (snapshot?: Uint8Array) =>
  drivePartition({ schema, timeField: 'occurredAt', watermark: { kind: 'scripted' }, fraud }, snapshot);

let commandId = 0;
function tell(action: ModelCommand['action'], file: typeof own | null): Step {
  commandId += 1;
  const who = { commandId: `m${commandId}`, by: 'anna', note: '', requestedAt: 1 };
  const asked = { action, model: file?.id ?? '', threshold: 0.5, reason: '', measured: '', content: file?.text ?? '' };
  return { operator: 'fraud', told: modelCommandType.encodeBlock([{ ...who, ...asked }]) };
}
const pay = (transactionId: number): Step => ({
  ...{ transactionId, customerId: 1, terminalId: 7, amountCents: 29_000, occurredAt: transactionId },
  ...{ customer_nb_tx_30day: 12, customer_avg_amount_30day: 40, tx_during_night: 0, terminal_risk_7day: 0.1 },
});
const scoredBy = ({ scores }: { readonly scores: readonly { readonly model: string }[] }) =>
  scores.map(({ model }) => model);

it('it is refused with the line to type', () => {
  expect(() => openOnnx(new Uint8Array(3))).toThrow(LACKING);
});

describe('a partition whose champion it is', () => {
  it('goes on by the own model that was champion before, and says so once', () => {
    const driver = open();
    driver.pipe(tell('promote', own), tell('promote', first));
    const after = driver.pipe(pay(1), pay(2));
    expect(scoredBy(after)).toEqual([own.id, own.id]);
    expect(after.alerts).toMatchObject([{ model: own.id }]);
    const began = { model: first.id, role: 'champion', state: 'began', instead: own.id };
    expect(after.outages).toMatchObject([{ ...began, detail: expect.stringContaining(LACKING) }]);
    expect(driver.pipe(pay(3)).outages).toEqual([]);
  });

  it('goes on by the rules alone where there was none before, or it was taken back', () => {
    const none = open();
    none.pipe(tell('promote', first));
    expect(scoredBy(none.pipe(pay(1)))).toEqual(['rules-1']);
    const back = open();
    back.pipe(tell('promote', first), tell('promote', own), tell('rollback', first));
    const after = back.pipe(pay(1));
    expect([scoredBy(after), after.outages[0]?.instead]).toEqual([['rules-1'], '']);
  });

  it('goes on as before behind a snapshot, also in another process that lacks the package', () => {
    const driver = open();
    driver.pipe(tell('promote', own), tell('promote', first));
    const before = driver.snapshot();
    driver.pipe(pay(1));
    const later = open(driver.snapshot());
    expect(later.pipe(pay(2))).toEqual(driver.pipe(pay(2)));
    // A clean stop, and a start without the package.
    const restarted = open(before).pipe(pay(1));
    expect([scoredBy(restarted), restarted.outages.length]).toEqual([[own.id], 1]);
  });

  it('refuses another such model by name until the package is there, and takes an own one', () => {
    const driver = open();
    driver.pipe(tell('promote', own), tell('promote', first));
    const refused = driver.pipe(pay(1), tell('promote', second), pay(2));
    expect(refused.models).toMatchObject([
      { outcome: 'refused', detail: expect.stringContaining(`${second.id} can't score now: ${LACKING}`) },
    ]);
    expect(scoredBy(refused)).toEqual([own.id, own.id]);
    const taken = driver.pipe(tell('promote', other), pay(3));
    expect([scoredBy(taken), taken.models[0]?.previous]).toEqual([[other.id], first.id]);
    expect(taken.outages).toMatchObject([{ model: first.id, state: 'ended' }]);
  });

  it('is silent about a challenger that can not score, but for one event', () => {
    const driver = open();
    driver.pipe(tell('promote', own), tell('challenge', first));
    const after = driver.pipe(pay(1), pay(2));
    expect([scoredBy(after), after.challenger]).toEqual([[own.id, own.id], []]);
    expect(after.outages).toMatchObject([{ model: first.id, role: 'challenger', state: 'began', instead: '' }]);
  });
});

describe('a replay without the package', () => {
  it('says what the journal says where an outage stands in it, byte for byte', () => {
    const driver = open();
    driver.pipe(tell('promote', own), tell('promote', first));
    driver.pipe(pay(1), pay(2));
    driver.pipe(tell('rollback', own), pay(3));
    const again = open();
    for (const commit of driver.commits) again.replay(commit);
    expect(again.snapshot()).toEqual(driver.snapshot());
  });

  it('stops at what such a model has scored: nobody here can say whether that differs', () => {
    const models = createServedModels(transactionType.schema);
    const who = { commandId: 'a', by: 'anna', note: '', requestedAt: 1, reason: '', measured: '' };
    models.take({ ...who, action: 'promote', model: first.id, threshold: 0.5, content: first.text }, 1);
    const paid = { transactionId: 1, customerId: 1, terminalId: 7, amountCents: 100, occurredAt: 1 };
    models.begin(transactionType.columns(transactionType.encodeBlock([paid])));
    expect(() => models.champion()?.score(0)).toThrow(LACKING);
  });
});
