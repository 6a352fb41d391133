/**
 * The benchmark: `npm run bench`. Micro-benchmarks of each stage, then the whole path: live, from a source through the
 * durable commit to both read models, and replay, from the journal to both read models, which must give the same rows. Prints
 * tables, or JSON with `--json`; JSON with the machine and the configuration goes to bench/results.json too. `npm run bench --
 * journal` measures the journal alone, `npm run bench -- windows` the windows and `npm run bench -- nexmark` the queries of Nexmark, with `--json` as JSON;
 * `npm run bench -- expressions` a condition beside DuckDB's filter;
 * `npm run bench -- exchange` a window keyed by another field than its stream's, `npm run bench -- operators` those of users,
 * `npm run bench -- csv` rows of CSV to events.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { runCsv } from './csv.ts';
import { runExchange } from './exchange.ts';
import { runExpressions } from './expressions.ts';
import { runJournal } from './journal.ts';
import { measureQuery, runNexmark } from './nexmark.ts';
import { runOperators } from './operators.ts';
import { measureLive, measureReplay, type PathFigures } from './path.ts';
import { runStages } from './stages.ts';
import { runWindows } from './windows.ts';
import { runWindowsFromJournal } from './windows-journal.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 1_000_000);

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
};
const isJson = process.argv.includes('--json');
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

if (process.argv[2] === 'csv') {
  console.table(runCsv());
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

if (process.argv[2] === 'exchange') {
  console.table(await runExchange(EVENTS));
  process.exit(0);
}

if (process.argv[2] === 'journal') {
  console.table(await runJournal());
  process.exit(0);
}

const stages = await runStages();
if (!isJson) console.table(stages);

const live = await measureLive(EVENTS);
const replay = await measureReplay();
const row = (figures: PathFigures) => ({
  events: figures.events,
  'events/s': Math.round(figures.eventsPerSecond),
  'events/s per core used': Math.round(figures.eventsPerCoreSecond),
  'committed/s': Math.round(figures.committedPerSecond),
  'ingest to alert p50 ms': figures.alertP50Ms?.toFixed(1) ?? '-',
  'p99 ms': figures.alertP99Ms?.toFixed(1) ?? '-',
  'loop delay p99 ms': figures.loopDelayP99Ms.toFixed(1),
  'peak RSS MiB': Math.round(figures.peakRssMiB),
});
if (JSON.stringify(live.rows) !== JSON.stringify(replay.rows)) {
  throw new Error(`Live gave ${JSON.stringify(live.rows)}, the replay ${JSON.stringify(replay.rows)}`);
}
if (!isJson) console.table({ live: row(live), replay: row(replay) });
const results = { machine, configuration: 'config/handbook.yaml', stages, live, replay };
if (isJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
writeFileSync(new URL('./results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
