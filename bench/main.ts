/**
 * The benchmark: `npm run bench`. Micro-benchmarks of each stage, then the scenarios of bench/whole/scenarios.ts, each in a process
 * of its own. `npm run bench -- whole fraud` runs the scenarios alone whose names have the word. BENCH_EVENTS=… and BENCH_RUNS=… say
 * how many events and runs. `--json` prints JSON, `--record` appends the figures to bench/history.jsonl, and
 * `npm run bench -- --compare [BASE [COMMIT]]` says what changed between two of its commits, with exit code 3 for a regression.
 *
 * `npm run bench -- journal` measures the journal alone, `windows` the windows, `nexmark` the queries of Nexmark, `expressions` a
 * condition beside DuckDB's filter, `exchange` a window keyed by another field than its stream's, `operators` those of users,
 * `jobs` cron, backfill and history of jobs, `suites` expectations over Parquet, `csv` rows of CSV to events, `lake` rows of the journal to a lake, `postgres` those to the
 * server of PG_URL, and `kafka` topics in and out, with the broker that KAFKA_BROKERS names.
 * `explain` asks a journal of 10 M events for explanations, and `tracing` measures small requests with and without traces.
 * `models DIR` measures scores, reasons and training of each kind of model on the Handbook's journal in the directory.
 * `batch` measures statements of jobs beside plain DuckDB, and `views` views beside the windows that one would write by hand.
 */
import { cpus, totalmem } from 'node:os';
import { runBatch } from './batch.ts';
import { runCsv } from './csv.ts';
import { runExchange } from './exchange.ts';
import { runExplain } from './explain.ts';
import { runExpressions } from './expressions.ts';
import { runJobs } from './jobs.ts';
import { runJournal } from './journal.ts';
import { runKafka } from './kafka.ts';
import { runLake } from './lake.ts';
import { runModels } from './models.ts';
import { measureQuery, runNexmark } from './nexmark.ts';
import { runOperators } from './operators.ts';
import { runPostgres } from './postgres.ts';
import { runStages } from './stages.ts';
import { runSuites } from './suites.ts';
import { runTracing } from './tracing.ts';
import { runViews } from './views.ts';
import { compareWhole, printWhole, recordWhole, runWhole } from './whole/run.ts';
import { runWindows } from './windows.ts';
import { runWindowsFromJournal } from './windows-journal.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 5_000_000);
/** Of what has not the machine's limit to show. */
const FEW_EVENTS = Math.min(EVENTS, 1_000_000);

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
};
const isJson = process.argv.includes('--json');
if (process.argv[2] === '--compare') process.exit(compareWhole(process.argv[3], process.argv[4]) ? 3 : 0);
if (process.argv[2] === 'nexmark-query') {
  process.stdout.write(JSON.stringify(await measureQuery(process.argv[3] ?? '')));
  process.exit(0);
}
if (!isJson)
  process.stdout.write(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}\n\n`);

if (process.argv[2] === 'windows') {
  const windows = [...(await runWindowsFromJournal()), ...runWindows()];
  if (isJson) process.stdout.write(`${JSON.stringify({ machine, windows }, null, 2)}\n`);
  else console.table(windows);
  process.exit(0);
}

if (process.argv[2] === 'lake') {
  console.table(await runLake(Math.min(EVENTS, 4_000_000)));
  process.exit(0);
}

if (process.argv[2] === 'postgres') {
  console.table(await runPostgres(Math.min(EVENTS, 1_000_000)));
  process.exit(0);
}

if (process.argv[2] === 'explain') {
  console.table(await runExplain(Number(process.env.BENCH_EVENTS ?? 10_000_000)));
  process.exit(0);
}

if (process.argv[2] === 'tracing') {
  console.table(await runTracing());
  process.exit(0);
}

if (process.argv[2] === 'batch') {
  console.table(await runBatch(EVENTS));
  process.exit(0);
}

if (process.argv[2] === 'views') {
  console.table(runViews());
  process.exit(0);
}

if (process.argv[2] === 'csv') {
  console.table(runCsv());
  process.exit(0);
}

if (process.argv[2] === 'kafka') {
  console.table(await runKafka(process.argv[3]));
  process.exit(0);
}

if (process.argv[2] === 'operators') {
  console.table(runOperators());
  process.exit(0);
}

if (process.argv[2] === 'nexmark') {
  const nexmark = runNexmark(process.argv.slice(3).filter((word) => word !== '--json'));
  if (isJson) process.stdout.write(`${JSON.stringify({ machine, nexmark }, null, 2)}\n`);
  else console.table(nexmark);
  process.exit(0);
}

if (process.argv[2] === 'expressions') {
  console.table(await runExpressions());
  process.exit(0);
}

if (process.argv[2] === 'suites') {
  await runSuites(Number(process.argv[3] ?? 10_000_000), process.argv[4]);
  process.exit(0);
}

if (process.argv[2] === 'models') {
  console.table(await runModels(process.argv[3]));
  process.exit(0);
}

if (process.argv[2] === 'jobs') {
  for (const row of await runJobs(process.argv[3])) console.log(row);
  process.exit(0);
}

if (process.argv[2] === 'exchange') {
  console.table(await runExchange(FEW_EVENTS));
  process.exit(0);
}

if (process.argv[2] === 'journal') {
  console.table(await runJournal());
  process.exit(0);
}

const wholeOnly = process.argv[2] === 'whole';
const stages = wholeOnly ? [] : await runStages();
if (!isJson && !wholeOnly) console.table(stages);

const words = wholeOnly ? process.argv.slice(3).filter((word) => !word.startsWith('--')) : [];
const whole = runWhole({ events: EVENTS, runs: Number(process.env.BENCH_RUNS ?? 1), only: words });
if (isJson) process.stdout.write(`${JSON.stringify({ machine, stages, whole }, null, 2)}\n`);
else printWhole(whole);
if (process.argv.includes('--record')) recordWhole(machine, whole);
process.exit(0);
