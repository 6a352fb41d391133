/** `npm run bench`: the scenarios, each run in a process of its own, and what they gave as tables. */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventsPerCoreSecond, type Figures, medianOf } from './figures.ts';
import { changesOf, type HistoryLine, type Machine, pairOf, parseHistory } from './history.ts';
import { PEERS } from './peers.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

export interface WholeOptions {
  readonly events: number;
  readonly runs: number;
  /** Those whose names have one of these in them; all, when there is none. */
  readonly only: readonly string[];
}

const HISTORY = fileURLToPath(new URL('../history.jsonl', import.meta.url));
const MEASURE = fileURLToPath(new URL('./measure.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs take turns, so that a neighbour of the machine disturbs all scenarios alike. */
export function runWhole({ events, runs, only }: WholeOptions): HistoryLine['scenarios'] {
  const wanted = SCENARIOS.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  const all: Record<string, Figures[]> = {};
  for (let run = 0; run < runs; run++) {
    for (const { name } of wanted) {
      process.stderr.write(`${name}, run ${run + 1} of ${runs}\n`);
      all[name] = [...(all[name] ?? []), measure(name, events)];
    }
  }
  return all;
}

function measure(name: string, events: number): Figures {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const words = ['--import', 'tsx', MEASURE, name, String(events), directory];
    const { status, stdout } = spawnSync(process.execPath, words, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`${name} ended with exit code ${status}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function recordWhole(machine: Machine, scenarios: HistoryLine['scenarios']): void {
  const git = (...words: readonly string[]): string =>
    execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', 'src', 'bench', ':!bench/history.jsonl') !== '';
  const commit = git('rev-parse', '--short=8', 'HEAD') + (isChanged ? '+' : '');
  const line: HistoryLine = { commit, at: new Date().toISOString(), machine, scenarios };
  appendFileSync(HISTORY, `${JSON.stringify(line)}\n`);
}

export function printWhole(scenarios: HistoryLine['scenarios']): void {
  const rows: Record<string, object> = {};
  for (const [name, runs] of Object.entries(scenarios)) {
    const figures = medianOf(runs);
    rows[name] = {
      events: figures.events,
      'events/s per core used': eventsPerCoreSecond(figures) ?? '-',
      'CPU ns an event': Math.round(figures.nsPerEvent ?? Number.NaN),
      seconds: figures.seconds.toFixed(1),
      'p50 ms': figures.p50Ms?.toFixed(1) ?? '-',
      'p99 ms': figures.p99Ms?.toFixed(1) ?? '-',
      'peak RSS MiB': figures.peakRssMiB,
    };
    if (figures.secondsWithSnapshot !== undefined) {
      rows[`${name}, with snapshots`] = { events: figures.events, seconds: figures.secondsWithSnapshot.toFixed(1) };
    }
  }
  console.table(rows);
  const peers = SCENARIOS.filter(({ name }) => Object.hasOwn(scenarios, name)).flatMap(peersOf);
  if (peers.length > 0) console.table(peers);
}

function peersOf({ name, peers, hasStores, measured }: Scenario) {
  if (peers === undefined || hasStores || measured !== 'live') return [];
  return PEERS[peers].map((peer) => ({ beside: name, ...peer, from: 'issue 14, not run here' }));
}

/** Prints what changed between two commits. Returns whether anything is worse. */
export function compareWhole(base?: string, commit?: string): boolean {
  const history = existsSync(HISTORY) ? parseHistory(readFileSync(HISTORY, 'utf8')) : [];
  const [before, after] = pairOf(history, base, commit);
  process.stdout.write(`${before.commit} (${before.at}) → ${after.commit} (${after.at})\n`);
  const changes = changesOf(before, after);
  console.table(
    changes.map(({ scenario, beforeNs, afterNs, growth, otherCounts, isWorse }) => ({
      scenario,
      'before, ns': Math.round(beforeNs),
      'after, ns': Math.round(afterNs),
      change: `${growth < 0 ? '' : '+'}${(growth * 100).toFixed(1)} %`,
      verdict: isWorse ? 'WORSE' : otherCounts === null ? '' : `other counts: ${otherCounts}`,
    })),
  );
  return changes.some(({ isWorse }) => isWorse);
}
