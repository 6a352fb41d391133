/**
 * Twenty expectations over a Parquet file of ten million rows, as `millrace check` holds them: seconds, and seconds of CPU
 * time. The file is made anew, and the suite is one of Great Expectations, which holds the same file after us where a Python
 * that has it is named: `npm run bench -- suites [ROWS [PYTHON]]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSuite } from '../dist/checks/checked-table.js';
import { openFileTable } from '../dist/checks/file-table.js';
import { readSuiteFile } from '../dist/config/written-suite.js';
import { openScratchDatabase } from '../dist/projections/scratch-database.js';

const ROUNDS = 3;

const tableOf = (
  rows: number,
) => `SELECT i AS id, (hash(i) % 100000)::BIGINT AS amount, (hash(i + 1) % 1000) / 10.0::DOUBLE AS score,
  ['eur', 'usd', 'chf', 'gbp'][(1 + hash(i) % 4)::BIGINT] AS currency, 'u' || (hash(i + 2) % 50000) AS owner,
  TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS taken_at, CASE WHEN i % 50 = 0 THEN NULL ELSE i % 7 END AS day
  FROM range(${rows}) t(i)`;

const PEER = new URL('./peers/great-expectations/', import.meta.url).pathname;

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What Great Expectations found, and how long it took; its rows are in memory by then, which took `readSeconds`. */
interface PeerRound extends Round {
  readonly version: string;
  readonly met: number;
  readonly readSeconds: number;
  readonly readCpuSeconds: number;
  readonly unexpected: Readonly<Record<string, number>>;
}

/** `python` has great_expectations and pandas installed; the peer is left out without it. */
export async function runSuites(rows = 10_000_000, python: string | null = null): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-suites-'));
  const path = join(directory, 'rows.parquet');
  const suiteFile = join(PEER, 'suite.json');
  try {
    const database = await openScratchDatabase(2);
    await database.rows(`COPY (${tableOf(rows)}) TO '${path}'`);
    database.close();
    const [suite] = readSuiteFile(suiteFile).suites;
    if (suite === undefined) throw new Error('There is no suite');
    const ours: Round[] = [];
    const unexpected = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
      const table = await openFileTable(path, null);
      const { statistics, results } = await runSuite(suite, table, Date.now());
      await table.close();
      const { user, system } = process.cpuUsage(cpu);
      const seconds = (performance.now() - startedMs) / 1000;
      const cpuSeconds = (user + system) / 1e6;
      ours.push({ seconds, cpuSeconds });
      for (const { result, expectation_config: of } of results) {
        const column = of.kwargs.column ?? of.kwargs.column_A;
        if (typeof result.unexpected_count === 'number')
          unexpected.set(`${of.type} ${column}`, result.unexpected_count);
      }
      const { successful_expectations: met, evaluated_expectations: all } = statistics;
      const load = loadavg()[0]?.toFixed(0);
      console.log(`${met} of ${all} over ${rows} rows: ${said({ seconds, cpuSeconds })}, load ${load}`);
    }
    if (python !== null) beside(ours, unexpected, peerRounds(python, path, suiteFile));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function peerRounds(python: string, path: string, suiteFile: string): PeerRound[] {
  const told = execFileSync(python, [join(PEER, 'peer.py'), path, suiteFile], { encoding: 'utf8' });
  return told
    .trim()
    .split('\n')
    .map((line): PeerRound => JSON.parse(line));
}

/** The best round of each, and whether both found the same. */
function beside(ours: readonly Round[], found: ReadonlyMap<string, number>, theirs: readonly PeerRound[]): void {
  const cpu = Math.min(...ours.map(({ cpuSeconds }) => cpuSeconds));
  const [best] = [...theirs].sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  if (best === undefined) throw new Error('Great Expectations said nothing');
  const differ = Object.entries(best.unexpected).filter(([name, count]) => found.get(name) !== count);
  const reading = said({ seconds: best.readSeconds, cpuSeconds: best.readCpuSeconds });
  console.log(
    `Great Expectations ${best.version} on pandas, ${best.met} met: ${said(best)}, after ${reading} to read the rows`,
  );
  console.log(
    `${(best.cpuSeconds / cpu).toFixed(1)} times our CPU time, ${((best.cpuSeconds + best.readCpuSeconds) / cpu).toFixed(1)} with reading`,
  );
  const same = Object.keys(best.unexpected).length - differ.length;
  console.log(
    `${same} counts of unexpected values are the same${differ.length > 0 ? `, but not ${JSON.stringify(differ)}` : ''}`,
  );
}

const said = ({ seconds, cpuSeconds }: Round): string =>
  `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU time`;
