/**
 * The kinds of model: CPU time of a score, of a score's reasons and of the training, on the Handbook's transactions of 2018-07-25
 * to 07-31. `npm run fraud:handbook -- --data DIR` makes the directory; `npm run bench -- models DIR`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labelledRows, readLabels, transactionVectors } from '../src/fraud/lab/labelled-rows.ts';
import { trainModel } from '../src/fraud/lab/train.ts';
import { modelFile, readModel } from '../src/fraud/model.ts';
import { MODEL_KINDS } from '../src/fraud/model-kinds.ts';
import { createScorer } from '../src/fraud/scorer.ts';

const WEEK = { fromMs: Date.UTC(2018, 6, 25), toMs: Date.UTC(2018, 7, 1) };
const ROUNDS = 9;
const EXPLAINED = 500;

/** A round of one kind follows a round of another, so that all see the same load. Medians. */
export async function runModels(dataDir: string | undefined) {
  if (dataDir === undefined || !existsSync(join(dataDir, 'journal')))
    throw new Error('Say where the journal is: npm run fraud:handbook -- --data DIR, then npm run bench -- models DIR');
  const stream = transactionVectors(dataDir);
  const rows = await labelledRows(dataDir, stream, await readLabels(dataDir), WEEK);
  const kinds = [];
  for (const [kind, how] of Object.entries(MODEL_KINDS)) {
    const cpu = process.cpuUsage();
    const facts = await trainModel(rows, how, { ...WEEK, kind, stream: stream.name, alertsPerDay: 100 });
    const trained = microseconds(cpu) / 1e6;
    const { id, text } = modelFile(facts);
    kinds.push({ kind, trained, scorer: createScorer(readModel(id, text)), scores: [0], reasons: [0] });
  }
  const width = rows.features.length;
  for (let round = 0; round < ROUNDS; round++) {
    for (const { scorer, scores, reasons } of kinds) {
      let cpu = process.cpuUsage();
      for (let row = 0; row < rows.rows; row++) scorer.score(rows.values, row * width);
      scores[round] = microseconds(cpu) / rows.rows;
      cpu = process.cpuUsage();
      for (let row = 0; row < EXPLAINED; row++) scorer.explain(rows.values, row * width);
      reasons[round] = microseconds(cpu) / EXPLAINED;
    }
  }
  return kinds.map(({ kind, trained, scores, reasons }) => ({
    kind,
    'a score, µs': median(scores).toFixed(2),
    'its reasons, µs': median(reasons).toFixed(0),
    'training, s': trained.toFixed(1),
  }));
}

function microseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
