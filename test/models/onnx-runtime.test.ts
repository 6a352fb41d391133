/** An ONNX model where nobody has installed what scores it. */
import { expect, it } from 'vitest';
import { modelFile } from '../../src/fraud/model.ts';
import { createServedModels } from '../../src/fraud/served-models.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { openOnnx } from '../../src/models/onnx-runtime.ts';
import { drawnModel } from '../fraud/drawn-model.ts';

const { facts } = drawnModel('logistic-regression');
const onnx = { content: '', input: 'X', type: 'float', columns: 1, output: 'p', said: 1 } as const;
const { id, text } = modelFile({ ...facts, features: ['amountCents'], fitted: { form: 'onnx', onnx } });
const said = 'an ONNX model needs the package onnxruntime-node: npm install onnxruntime-node@1.30.0';

it('it is refused with the line to type', () => {
  expect(() => openOnnx(new Uint8Array(3))).toThrow(said);
});

it('a partition stops at its promotion and at a snapshot that has it: neither would be the same again', () => {
  const models = createServedModels(transactionType.schema);
  const who = { commandId: 'a', by: 'anna', note: '', requestedAt: 1, reason: '', measured: '' };
  expect(() => models.take({ ...who, action: 'promote', model: id, threshold: 0.5, content: text }, 1)).toThrow(said);
  const saved = { models: [{ isChampion: true, threshold: 0.5, content: text }], modelCommand: 'a' };
  expect(() => models.restore(saved)).toThrow(said);
});
