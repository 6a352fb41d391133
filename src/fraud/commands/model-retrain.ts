/** `millrace model retrain`: a round of training, judging and, where that says so, promotion. */
import { randomUUID } from 'node:crypto';
import { answered } from '../../commands/ask.ts';
import { dataDirOf, type OptionValues, print, tableText, text } from '../../commands/command.ts';
import { EXIT, UsageError } from '../../commands/exit.ts';
import { withService } from '../../commands/with-service.ts';
import { nameHint } from '../../nearest-word.ts';
import { type Contest, contest } from '../lab/contest.ts';
import { evaluateModel } from '../lab/evaluate.ts';
import { labelledRows, readLabels, transactionVectors } from '../lab/labelled-rows.ts';
import { loadModel, saveModel } from '../lab/model-files.ts';
import { newestLabelledWeek, WEEK_MS } from '../lab/newest-week.ts';
import { trainModel } from '../lab/train.ts';
import { MODEL_KINDS, modelKind } from '../model-kinds.ts';
import { rolesAfter } from '../model-roles.ts';
import type { ModelRound } from '../model-schemas.ts';
import { change, changesOf, dayOf } from './model-serving.ts';
import { whoOf } from './who.ts';

const MARGIN = 0.01;
const MIN_FRAUDS = 50;

export const RETRAIN_OPTIONS = {
  margin: { type: 'string', value: 'X', help: `retrain: average precision to gain; else ${MARGIN}` },
  'min-frauds': { type: 'string', value: 'N', help: `retrain: frauds to judge by, at least; else ${MIN_FRAUDS}` },
  'dry-run': { type: 'boolean', help: 'retrain: without a promotion' },
} as const;

/** Trained on the week whose labels were known when the newest labelled week began: as live work would have had it. */
export async function retrain(values: OptionValues, alertsPerDay: number): Promise<number> {
  const wanted = text(values, 'kind') ?? 'best';
  const kind = modelKind(wanted);
  if (kind === undefined) {
    throw new UsageError(`there is no kind ${wanted}; ${nameHint(wanted, ['best', ...Object.keys(MODEL_KINDS)])}`);
  }
  const rules = { margin: numberOf(values, 'margin', MARGIN), minFrauds: numberOf(values, 'min-frauds', MIN_FRAUDS) };
  const dataDir = await dataDirOf(values);
  const stream = transactionVectors(dataDir);
  const judged = await newestLabelledWeek(dataDir, stream);
  const trained = { fromMs: judged.fromMs - 2 * WEEK_MS, toMs: judged.fromMs - WEEK_MS };
  const { champion: serving } = rolesAfter(await changesOf(values));
  const about = {
    ...{ roundId: text(values, 'key') ?? randomUUID(), by: whoOf(values), kind: kind.name, champion: serving.model },
    ...{ trainedFrom: trained.fromMs, trainedTo: trained.toMs, judgedFrom: judged.fromMs, judgedTo: judged.toMs },
  };
  let round: Pick<ModelRound, 'model' | 'outcome' | 'why' | 'frauds'> & { readonly contest: Contest };
  try {
    const champion = serving.model === '' ? null : loadModel(dataDir, serving.model);
    const known = await readLabels(dataDir, judged.fromMs);
    const rows = await labelledRows(dataDir, stream, known, trained);
    const options = { ...trained, kind: kind.name, stream: stream.name, alertsPerDay };
    const candidate = saveModel(dataDir, await trainModel(rows, kind.kind, options));
    const labels = await readLabels(dataDir);
    const week = await labelledRows(dataDir, stream, labels, judged);
    const found = contest(candidate, champion, week, labels, judged.fromMs, rules);
    const isSame = candidate.id === champion?.id;
    const isPromoted = found.verdict === 'better' && !isSame && values['dry-run'] !== true;
    if (isPromoted) {
      const evaluated = evaluateModel(candidate, week, labels, judged.fromMs);
      const measured = JSON.stringify({ ...daysOf(judged), ...evaluated, contest: found });
      const reason = `${alertsPerDay} alerts a day of the training; retrained: ${found.why}`;
      const request = { action: 'promote', id: candidate.id, threshold: String(candidate.threshold), reason, measured };
      const row = await change(values, request);
      if (row.outcome !== 'done') throw new Error(String(row.detail));
    }
    const outcome = isSame ? 'is the champion' : isPromoted ? 'promoted' : found.verdict;
    round = { model: candidate.id, outcome, why: found.why, frauds: found.frauds, contest: found };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    await record(values, { ...about, model: '', outcome: 'failed', why, frauds: 0, figures: '' });
    throw error;
  }
  const { contest: found, ...said } = round;
  await record(values, { ...about, ...said, figures: JSON.stringify(found) });
  const shown = { ...said, champion: serving.model };
  if (values.json === true)
    await print(JSON.stringify({ ...shown, trained: daysOf(trained), judged: daysOf(judged), contest: found }));
  else await print(tableText([shown]));
  return EXIT.ok;
}

/** A round that changes nothing may be had without a service: then it is not in the journal. */
async function record(values: OptionValues, round: Omit<ModelRound, 'ranAt'>): Promise<void> {
  if (values['dry-run'] === true) return;
  const request = { round: JSON.stringify({ ...round, ranAt: Date.now() }) };
  try {
    await withService(values, () => answered(values, { command: 'model round', request, defaultTimeout: '1m' }));
  } catch (error) {
    if (round.outcome === 'promoted') throw error;
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`millrace: the round is not in the journal: ${why}\n`);
  }
}

function daysOf({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) {
  return { from: dayOf(fromMs), to: dayOf(toMs - 1) };
}

function numberOf(values: OptionValues, option: string, standard: number): number {
  const written = text(values, option);
  const value = Number(written ?? standard);
  if (!(value >= 0)) throw new UsageError(`--${option} takes a number from 0 on, not ${written}`);
  return value;
}
