import { answered } from '../../commands/ask.ts';
import { dataDirOf, type OptionValues, print, tableText, text } from '../../commands/command.ts';
import { timeRange } from '../../commands/days.ts';
import { EXIT, UsageError } from '../../commands/exit.ts';
import { withService } from '../../commands/with-service.ts';
import { evaluateModel } from '../lab/evaluate.ts';
import { type LabelledRows, type Labels, labelledRows, readLabels, transactionVectors } from '../lab/labelled-rows.ts';
import { loadModel } from '../lab/model-files.ts';
import { newestLabelledWeek } from '../lab/newest-week.ts';
import { type ChosenThreshold, chooseThreshold, type ThresholdChoice } from '../lab/threshold.ts';
import type { Model } from '../model.ts';
import { type RoleChange, roleChanges } from '../model-roles.ts';
import { whoOf } from './who.ts';

export const SERVING_OPTIONS = {
  challenger: { type: 'boolean', help: 'promote: to score in shadow, beside the champion' },
  threshold: { type: 'string', value: 'X', help: 'promote: a score from 0 to 1; else that of the training' },
  'alert-cost': {
    type: 'string',
    value: 'MONEY',
    help: 'promote, threshold: the threshold of least cost, where an alert costs so much and a missed fraud its amount',
  },
  'no-evaluate': { type: 'boolean', help: 'promote: without a look at how good it is on the newest labelled week' },
  by: { type: 'string', value: 'NAME', help: 'promote, rollback, withdraw: who asks; else the name of your account' },
  note: { type: 'string', value: 'TEXT', help: 'promote, rollback, withdraw: why, in your words' },
  key: { type: 'string', value: 'KEY', help: 'the same for a command and its repetitions: it is taken once' },
  timeout: { type: 'string', value: 'TIME', help: 'promote, rollback, withdraw: how long it may take, such as 30s' },
} as const;

export async function promote(values: OptionValues, id: string): Promise<number> {
  const dataDir = await dataDirOf(values);
  const model = loadModel(dataDir, id);
  const written = text(values, 'threshold');
  const choice = choiceOf(values);
  if (written !== undefined && choice !== null)
    throw new UsageError('say one of --threshold, --alerts-per-day and --alert-cost');
  const isMeasured = values['no-evaluate'] !== true;
  const days = choice === null && !isMeasured ? null : await judgedDays(dataDir, values, model);
  const chosen = choice === null || days === null ? null : chooseThreshold(model, days.rows, choice);
  const threshold = written === undefined ? (chosen?.threshold ?? model.threshold) : Number(written);
  const request = {
    action: values.challenger === true ? 'challenge' : 'promote',
    id,
    threshold: String(threshold),
    reason: reasonOf(model, chosen, written, days),
    measured: days === null || !isMeasured ? '' : measuredOn(days, model, threshold),
  };
  return act(values, request);
}

/** Gives what became of it in a partition. */
export async function change(
  values: OptionValues,
  request: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const key = text(values, 'key');
  const who = { by: whoOf(values), note: text(values, 'note') ?? '' };
  const asked = { ...request, ...who, ...(key === undefined ? {} : { key }) };
  const { rows } = await withService(values, () =>
    answered(values, { command: 'model act', request: asked, defaultTimeout: '1m' }),
  );
  return rows[0] ?? {};
}

/** Of a rollback or a withdrawal. */
export async function act(values: OptionValues, request: Readonly<Record<string, unknown>>): Promise<number> {
  const row = await change(values, request);
  const { command_id, action, model, threshold, reason, previous, outcome, detail } = row;
  const said = { command: command_id, action, model, threshold, reason, previous, outcome };
  await print(values.json === true ? JSON.stringify({ ...said, detail }) : tableText([said]));
  if (outcome !== 'refused') return EXIT.ok;
  process.stderr.write(`millrace: ${String(detail)}\n`);
  return EXIT.checkFailed;
}

/** Which models score, by the read model; none where it was never opened. */
export async function changesOf(values: OptionValues): Promise<readonly RoleChange[]> {
  const reading = roleChanges();
  let step = reading.next([]);
  while (step.done !== true) {
    const { store, sql } = step.value;
    const { rows } = await answered(values, { command: 'query', request: { store, sql }, defaultTimeout: '1m' });
    step = reading.next(rows);
  }
  return step.value;
}

export async function threshold(values: OptionValues, id: string): Promise<number> {
  const dataDir = await dataDirOf(values);
  const model = loadModel(dataDir, id);
  const choice = choiceOf(values);
  if (choice === null) throw new UsageError('say what by: --alerts-per-day N or --alert-cost MONEY');
  const days = await judgedDays(dataDir, values, model);
  const chosen = chooseThreshold(model, days.rows, choice);
  const said = { model: id, from: dayOf(days.fromMs), to: dayOf(days.toMs - 1), ...chosen };
  await print(values.json === true ? JSON.stringify(said) : tableText([said]));
  return EXIT.ok;
}

interface JudgedDays {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: LabelledRows;
  readonly labels: Labels;
}

/** Those that are asked for, else the newest week whose labels are due. */
async function judgedDays(dataDir: string, values: OptionValues, model: Model): Promise<JudgedDays> {
  const stream = transactionVectors(dataDir);
  const [from, to] = [text(values, 'from'), text(values, 'to')];
  const range =
    from === undefined && to === undefined ? await newestLabelledWeek(dataDir, stream) : timeRange(from, to);
  const labels = await readLabels(dataDir);
  if (model.trainedFromMs < range.toMs && range.fromMs < model.trainedToMs) {
    const days = `${dayOf(range.fromMs)} to ${dayOf(range.toMs - 1)}`;
    process.stderr.write(`millrace: the model was trained on days of ${days}: there it looks better than it is\n`);
  }
  return { ...range, labels, rows: await labelledRows(dataDir, stream, labels, range) };
}

/** The evaluation as JSON; empty where there is nothing to judge by. */
function measuredOn({ rows, labels, fromMs, toMs }: JudgedDays, model: Model, threshold: number): string {
  if (rows.rows === 0) return '';
  const judged = evaluateModel({ ...model, threshold }, rows, labels, fromMs);
  return JSON.stringify({ from: dayOf(fromMs), to: dayOf(toMs - 1), ...judged });
}

function choiceOf(values: OptionValues): ThresholdChoice | null {
  const [budget, cost] = [text(values, 'alerts-per-day'), text(values, 'alert-cost')];
  if (budget !== undefined && cost !== undefined)
    throw new UsageError('say one of --threshold, --alerts-per-day and --alert-cost');
  if (budget !== undefined) return { by: 'budget', alertsPerDay: positive('alerts-per-day', budget) };
  if (cost !== undefined) return { by: 'cost', alertCents: 100 * positive('alert-cost', cost) };
  return null;
}

function positive(option: string, written: string): number {
  const value = Number(written);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UsageError(`--${option} takes a number above 0, not ${written}`);
  return value;
}

function reasonOf(
  { alertsPerDay }: Model,
  chosen: ChosenThreshold | null,
  written: string | undefined,
  days: JudgedDays | null,
): string {
  if (written !== undefined) return 'said by hand';
  if (chosen === null || days === null) return `${alertsPerDay} alerts a day of the training`;
  return `${chosen.reason}, on ${dayOf(days.fromMs)} to ${dayOf(days.toMs - 1)}`;
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
