import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { trainStep } from '../../../src/fraud/steps/train-step.ts';
import { runCommand, runModule, runOwn } from '../../../src/workers/step-process.ts';
import { attemptContext } from '../../steps/attempt-context.ts';
import { hostOf } from '../../steps/step-host.ts';

it.each([
  ['kind: random-forest', '', 'must be one of best, logistic-regression'],
  ['horizon: 14d', '', 'train.horizon: is for kind: customer-activity'],
  ['kind: best', ', into: rounds', 'into: is for kind: customer-activity; a round is in the table model_rounds'],
  ['kind: customer-activity', '', 'into: name the job table that the customers and their chances go into'],
  [
    'kind: customer-activity',
    ', into: fraud.alerts',
    'fraud.alerts is no declared stream, and a job table has letters',
  ],
  ['kind: customer-activity', ', into: scores', 'into: scores is a table of the read models'],
  ['kind: customer-activity, horizon: 36h', ', into: t', 'train.horizon: is a whole number of days, such as 14d'],
  ['kind: customer-activity, margin: 0.1', ', into: t', 'train.margin: is for models of fraud'],
])('train: { %s }%s is refused in words', (settings, beside, message) => {
  const text = `streams: {}\njobs: { j: { steps: { s: { train: { ${settings} }${beside} } } } }\n`;
  expect(() => parseConfig(text, 'p.yaml', {})).toThrow(message);
});

it.each([
  ['best', null],
  ['customer-activity', 'customers'],
])('a step train of %s that finds nothing to learn from ends with what the command says', async (model, into) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-train-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const host = hostOf({
    dataDir,
    processes: { runModule, runCommand, runOwn },
    scratchFile: () => join(dataDir, 'x.csv'),
  });
  const rules = { margin: null, minFrauds: null, alertsPerDay: null, horizonMs: null };
  const settings = { ...rules, kind: 'train', model, into };
  const step = trainStep.open(settings, host);
  const outcome = await step?.attempt(attemptContext({}), new AbortController().signal);
  expect(outcome).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('There is no journal in') });
});
