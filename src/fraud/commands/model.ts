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
import { modelCard } from '../lab/model-card.ts';
import { loadModel, saveModel } from '../lab/model-files.ts';
import { type ListedModel, listModels } from '../lab/model-list.ts';
import { trainModel } from '../lab/train.ts';
import type { Model } from '../model.ts';
import { MODEL_KINDS, modelKind } from '../model-kinds.ts';
import { rolesAfter } from '../model-roles.ts';
import { cardText } from './card-text.ts';
import { IMPORT_OPTIONS, importModel } from './model-import.ts';
import { RETRAIN_OPTIONS, retrain } from './model-retrain.ts';
import { act, changesOf, dayOf, promote, SERVING_OPTIONS, threshold } from './model-serving.ts';

const ACTIONS = [
  ...(['train', 'import', 'evaluate', 'compare', 'drift', 'list'] as const),
  ...(['show', 'threshold', 'promote', 'rollback', 'withdraw', 'retrain'] as const),
] as const;
const ALERTS_PER_DAY = 100;
const KINDS = ['best', ...Object.keys(MODEL_KINDS)];

export const modelCommand: Command = {
  name: 'model',
  summary: `models of fraud, trained on the features that were journaled

  train            a model of the transactions of some days and their labels
  import FILE      a model that was made elsewhere, as ONNX; --from and --to are the days that it was trained on
  evaluate         how well a model ranks the transactions of other days
  compare          evaluate, for several models: --model A --model B
  drift            how far features and scores of other days are from those of the training
  list             the models of the data directory, and which of them score
  show ID          its card: what it was trained on, how good it was found, and what became of it
  threshold ID     the score for --alerts-per-day N, or of least cost by --alert-cost MONEY
  promote ID       it scores from now on, and raises alerts; with --challenger it scores in shadow
  rollback         the model before the last promotion scores again
  withdraw         no challenger scores any more
  retrain          trains one, judges it beside the champion on the newest labelled week, and promotes it if it is better`,
  usage:
    'model train|import|evaluate|compare|drift|list|show|threshold|promote|rollback|withdraw|retrain [ID|FILE] [--kind KIND] [--model ID …] [--from DAY] [--to DAY] [--data DIR] [--json]',
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
      help: `train, import, threshold, promote: the threshold is chosen for so many; train, import: else ${ALERTS_PER_DAY}`,
    },
    ...SERVING_OPTIONS,
    ...RETRAIN_OPTIONS,
    ...IMPORT_OPTIONS,
  },
  async run(values, words) {
    const [word, ...ids] = words;
    const action = actionOf('model', word === undefined ? [] : [word], ACTIONS);
    if (action === 'promote' || action === 'threshold' || action === 'show') {
      const [id = ''] = ids.length > 0 ? ids : modelsOf(values, true);
      if (ids.length > 1) throw new UsageError(`say which one: model ${action} ID`);
      if (action === 'show') return show(values, id);
      return action === 'promote' ? promote(values, id) : threshold(values, id);
    }
    if (action === 'import') {
      const [file] = ids;
      if (file === undefined || ids.length > 1) throw new UsageError('say which file: model import FILE.onnx');
      const alertsPerDay = alertsOf(values);
      return printMade(values, await importModel(values, file, rangeOf(values), alertsPerDay), {});
    }
    if (ids.length > 0) throw new UsageError(`model ${action} takes no further word; there was ${ids.join(' ')}`);
    switch (action) {
      case 'train':
        return train(values);
      case 'list':
        return list(values);
      case 'drift':
        return drift(values);
      case 'retrain':
        return retrain(values, alertsOf(values));
      case 'rollback':
      case 'withdraw':
        return act(values, { action });
      default:
        return evaluate(values, action === 'compare');
    }
  },
};

async function train(values: OptionValues): Promise<number> {
  const wanted = text(values, 'kind') ?? 'best';
  const found = modelKind(wanted);
  if (found === undefined) throw new UsageError(`there is no kind ${wanted}; ${nameHint(wanted, KINDS)}`);
  const range = rangeOf(values);
  const alertsPerDay = alertsOf(values);
  const dataDir = await dataDirOf(values);
  const stream = transactionVectors(dataDir);
  const rows = await labelledRows(dataDir, stream, await readLabels(dataDir), range);
  const startedAt = performance.now();
  const options = { ...range, kind: found.name, stream: stream.name, alertsPerDay };
  const model = saveModel(dataDir, await trainModel(rows, found.kind, options));
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  return printMade(values, model, { seconds });
}

async function printMade(values: OptionValues, model: Model, more: { readonly seconds?: number }): Promise<number> {
  const { id, kind, rows, positives, threshold, alertsPerDay } = model;
  const said = { model: id, kind, rows, positives, threshold, alertsPerDay, ...more };
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
  const dataDir = await dataDirOf(values);
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
  const dataDir = await dataDirOf(values);
  const models = ids.map((id) => loadModel(dataDir, id));
  const labels = await readLabels(dataDir);
  const rows = await labelledRows(dataDir, transactionVectors(dataDir), labels, range);
  const judged = models.map((model) => evaluateModel(model, rows, labels, range.fromMs));
  if (values.json === true) await print(JSON.stringify(isComparison ? judged : judged[0]));
  else await print(tableText(judged.map(summaryOf)));
  return EXIT.ok;
}

async function show(values: OptionValues, id: string): Promise<number> {
  const card = modelCard(await dataDirOf(values), id, await changesOf(values));
  await print(values.json === true ? JSON.stringify(card) : cardText(card));
  return EXIT.ok;
}

async function list(values: OptionValues): Promise<number> {
  const dataDir = await dataDirOf(values);
  const listed = listModels(dataDir, rolesAfter(await changesOf(values)));
  if (values.json === true) await print(JSON.stringify(listed));
  else
    await print(listed.length === 0 ? 'no model yet; millrace model train makes one' : tableText(listed.map(lineOf)));
  return EXIT.ok;
}

function lineOf({ model, role, kind, trainedFrom, trainedTo, rows, positives, threshold, problem }: ListedModel) {
  if (problem !== null) return { model, role: role ?? '', kind: problem };
  const days = { from: dayOf(trainedFrom), to: dayOf(trainedTo - 1) };
  return { model, role: role ?? '', kind, ...days, rows, positives, threshold: threshold.toPrecision(4) };
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
