/**
 * `npm run fraud:handbook`: the models of Millrace beside the published figures of the Fraud Detection Handbook, on its own
 * transactions. HANDBOOK names the file of transactions; --data DIR keeps the journal for another time.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluateModel, type Judged } from '../src/fraud/lab/evaluate.ts';
import { labelledRows, readLabels, transactionVectors } from '../src/fraud/lab/labelled-rows.ts';
import { saveModel } from '../src/fraud/lab/model-files.ts';
import { trainModel } from '../src/fraud/lab/train.ts';
import { MODEL_KINDS } from '../src/fraud/model-kinds.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const FILE = process.env.HANDBOOK ?? '../shared/data/fraud-handbook/transactions-2018-04-01_2018-08-14.csv.gz';

/** Test week of the published split, and three before it; training ends a week before the test begins. */
const TEST_WEEKS = ['2018-07-18', '2018-07-25', '2018-08-01', '2018-08-08'];

/** Le Borgne and others, Reproducible Machine Learning for Credit Card Fraud Detection, chapters 3 to 5, the last week. */
const PUBLISHED = [
  ['logistic regression', '0.871', '0.606', '0.291'],
  ['decision tree, depth 2', '0.763', '0.496', '0.241'],
  ['random forest, 100 trees', '0.867', '0.658', '0.287'],
  ['XGBoost', '0.862', '0.639', '0.273'],
] as const;

const { values: options } = parseArgs({ options: { data: { type: 'string' } } });
if (!existsSync(FILE)) {
  console.error(`there is no ${FILE}: name the Handbook's transactions in HANDBOOK`);
  process.exit(69);
}
const dataDir = options.data ?? mkdtempSync(join(tmpdir(), 'millrace-handbook-'));
try {
  if (!existsSync(join(dataDir, 'journal'))) {
    const input = `payments.transactions=${FILE}`;
    const args = ['dist/main.js', 'run', '--config', 'config/handbook.yaml', '--input', input, '--data', dataDir];
    execFileSync(process.execPath, args, { stdio: 'inherit' });
  }
  await report();
} finally {
  if (options.data === undefined) rmSync(dataDir, { recursive: true, force: true });
}

async function report(): Promise<void> {
  const labels = await readLabels(dataDir);
  const stream = transactionVectors(dataDir);
  const judged: { kind: string; week: string; seconds: number; by: Judged }[] = [];
  for (const week of TEST_WEEKS) {
    const testFromMs = Date.parse(week);
    const trained = { fromMs: testFromMs - 2 * WEEK_MS, toMs: testFromMs - WEEK_MS };
    const rows = await labelledRows(dataDir, stream, labels, trained);
    const tested = await labelledRows(dataDir, stream, labels, { fromMs: testFromMs, toMs: testFromMs + WEEK_MS });
    for (const [kind, how] of Object.entries(MODEL_KINDS)) {
      const startedAt = performance.now();
      const facts = await trainModel(rows, how, { ...trained, kind, stream: stream.name, alertsPerDay: 100 });
      const seconds = (performance.now() - startedAt) / 1000;
      judged.push({ kind, week, seconds, by: evaluateModel(saveModel(dataDir, facts), tested, labels, testFromMs) });
    }
  }
  const published = PUBLISHED.map(([model, auc, ap, cp]) => ({
    model: `published: ${model}`,
    AUC: auc,
    AP: ap,
    'CP@100': cp,
  }));
  const last = TEST_WEEKS.at(-1);
  console.log(`\nTrained on 2018-07-25 to 07-31, tested on ${last} to 08-14`);
  console.table([
    ...published,
    ...judged
      .filter(({ week }) => week === last)
      .map(({ kind, seconds, by }) => ({
        model: kind,
        ...figures([by]),
        'CP@10': by.cardPrecisionAt10.toFixed(3),
        'CP@25': by.cardPrecisionAt25.toFixed(3),
        'CP@50': by.cardPrecisionAt50.toFixed(3),
        'CP@100 at best': by.bestCardPrecisionAt100.toFixed(3),
        'trained in s': seconds.toFixed(1),
      })),
  ]);
  console.log(`Mean and standard deviation over ${TEST_WEEKS.length} test weeks, from ${TEST_WEEKS.join(', ')} on`);
  console.table(
    Object.keys(MODEL_KINDS).map((kind) => {
      return { model: kind, ...figures(judged.filter((each) => each.kind === kind).map(({ by }) => by)) };
    }),
  );
}

function figures(all: readonly Judged[]) {
  return {
    AUC: meanOf(all.map(({ auc }) => auc)),
    AP: meanOf(all.map(({ averagePrecision }) => averagePrecision)),
    'CP@100': meanOf(all.map(({ cardPrecisionAt100 }) => cardPrecisionAt100)),
  };
}

function meanOf(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(3);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return `${mean.toFixed(3)} ± ${spread.toFixed(3)}`;
}
