/** `millrace model`: models trained on what was journaled, and how good they are. */
import {
  actionOf,
  CONFIG_OPTION,
  type Command,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  type OptionValues,
  print,
  tableText,
  text,
} from '../../commands/command.ts';
import { timeRange } from '../../commands/days.ts';
import { EXIT, UsageError } from '../../commands/exit.ts';
import { nameHint } from '../../nearest-word.ts';
import { driftOf } from '../lab/drift.ts';
import { evaluateModel, type Judged } from '../lab/evaluate.ts';
import { labelledRows, readLabels, transactionVectors } from '../lab/labelled-rows.ts';
import { loadModel, modelIds, saveModel } from '../lab/model-files.ts';
import { trainModel } from '../lab/train.ts';
import { MODEL_KINDS, modelKind } from '../model-kinds.ts';

const ACTIONS = ['train', 'evaluate', 'compare', 'drift', 'list'] as const;
const ALERTS_PER_DAY = 100;
const KINDS = ['best', ...Object.keys(MODEL_KINDS)];

export const modelCommand: Command = {
  name: 'model',
  summary: `models of fraud, trained on the features that were journaled

  train            a model of the transactions of some days and their labels
  evaluate         how well a model ranks the transactions of other days
  compare          evaluate, for several models: --model A --model B
  drift            how far features and scores of other days are from those of the training
  list             the models of the data directory`,
  usage:
    'model train|evaluate|compare|drift|list [--kind KIND] [--model ID …] [--from DAY] [--to DAY] [--data DIR] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    kind: { type: 'string', value: 'KIND', help: `${KINDS.join(', ')}; else best` },
    model: { type: 'string', value: 'ID', multiple: true, help: 'as train and list print it' },
    from: { type: 'string', value: 'DAY', help: 'a UTC day such as 2018-07-25, or an instant' },
    to: { type: 'string', value: 'DAY', help: 'a day, included; or an instant, which is not' },
    'alerts-per-day': {
      type: 'string',
      value: 'N',
      help: `the threshold is chosen for so many; else ${ALERTS_PER_DAY}`,
    },
  },
  async run(values, words) {
    const action = actionOf('model', words, ACTIONS);
    if (action === 'train') return train(values);
    if (action === 'list') return list(values);
    if (action === 'drift') return drift(values);
    return evaluate(values, action === 'compare');
  },
};

async function train(values: OptionValues): Promise<number> {
  const wanted = text(values, 'kind') ?? 'best';
  const found = modelKind(wanted);
  if (found === undefined) throw new UsageError(`there is no kind ${wanted}; ${nameHint(wanted, KINDS)}`);
  const range = rangeOf(values);
  const alertsPerDay = alertsOf(values);
  const dataDir = dataDirOf(values);
  const stream = transactionVectors(dataDir);
  const rows = await labelledRows(dataDir, stream, await readLabels(dataDir), range);
  const startedAt = performance.now();
  const options = { ...range, kind: found.name, stream: stream.name, alertsPerDay };
  const model = saveModel(dataDir, await trainModel(rows, found.kind, options));
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  const { id, kind, rows: count, positives, threshold } = model;
  const said = { model: id, kind, rows: count, positives, threshold, alertsPerDay, seconds };
  if (values.json === true) await print(JSON.stringify(said));
  else await print(tableText([said]));
  return EXIT.ok;
}

function modelsOf(values: OptionValues, isOne: boolean): string[] {
  const ids = Array.isArray(values.model) ? values.model.map(String) : [];
  if (ids.length === 0) throw new UsageError('name a model: --model ID; see millrace model list');
  if (isOne && ids.length > 1) throw new UsageError('this takes one model; see millrace model compare for several');
  return ids;
}

async function drift(values: OptionValues): Promise<number> {
  const [id = ''] = modelsOf(values, true);
  const range = rangeOf(values);
  const dataDir = dataDirOf(values);
  const model = loadModel(dataDir, id);
  const rows = await labelledRows(dataDir, transactionVectors(dataDir), new Map(), range);
  if (rows.rows === 0) throw new Error('the journal has no transaction of these days: take days that it has');
  const drifts = driftOf(model, rows);
  if (values.json === true) await print(JSON.stringify({ model: id, rows: rows.rows, drifts }));
  else await print(tableText(drifts.map(({ psi, ...rest }) => ({ ...rest, psi: psi.toFixed(4) }))));
  return EXIT.ok;
}

async function evaluate(values: OptionValues, isComparison: boolean): Promise<number> {
  const ids = modelsOf(values, !isComparison);
  const range = rangeOf(values);
  const dataDir = dataDirOf(values);
  const models = ids.map((id) => loadModel(dataDir, id));
  const labels = await readLabels(dataDir);
  const rows = await labelledRows(dataDir, transactionVectors(dataDir), labels, range);
  const judged = models.map((model) => evaluateModel(model, rows, labels, range.fromMs));
  if (values.json === true) await print(JSON.stringify(isComparison ? judged : judged[0]));
  else await print(tableText(judged.map(summaryOf)));
  return EXIT.ok;
}

async function list(values: OptionValues): Promise<number> {
  const dataDir = dataDirOf(values);
  const rows = modelIds(dataDir).map((id) => {
    try {
      const { kind, trainedFromMs, trainedToMs, rows, positives, threshold } = loadModel(dataDir, id);
      return { model: id, kind, from: dayOf(trainedFromMs), to: dayOf(trainedToMs), rows, positives, threshold };
    } catch (error) {
      return { model: id, kind: error instanceof Error ? error.message : String(error) };
    }
  });
  await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
  return EXIT.ok;
}

function summaryOf(judged: Judged) {
  const { model, rows, frauds, auc, averagePrecision, cardPrecisionAt100, bestCardPrecisionAt100, atThreshold } =
    judged;
  const { alertsPerDay, precision, recall } = atThreshold;
  const rounded = {
    auc,
    averagePrecision,
    cardPrecisionAt100,
    bestCardPrecisionAt100,
    alertsPerDay,
    precision,
    recall,
  };
  return {
    model,
    rows,
    frauds,
    ...Object.fromEntries(Object.entries(rounded).map(([key, value]) => [key, value.toFixed(3)])),
  };
}

function rangeOf(values: OptionValues): { fromMs: number; toMs: number } {
  const [from, to] = [text(values, 'from'), text(values, 'to')];
  if (from === undefined || to === undefined) throw new UsageError('say which days: --from 2018-07-25 --to 2018-07-31');
  return timeRange(from, to);
}

function alertsOf(values: OptionValues): number {
  const written = text(values, 'alerts-per-day');
  const alerts = Number(written ?? ALERTS_PER_DAY);
  if (!(alerts > 0)) throw new UsageError(`--alerts-per-day takes a number above 0, not ${written}`);
  return alerts;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString();
}
