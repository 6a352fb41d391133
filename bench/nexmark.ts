/**
 * The Nexmark benchmark: `npm run bench -- nexmark`, or of some queries, `npm run bench -- nexmark q5 q7`. Events a second
 * and core used, beside what is published of Flink: its per-core figures with RocksDB state and exactly-once checkpoints.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { makeBatches, runQuery } from './nexmark/run.ts';

export interface NexmarkFigures {
  readonly query: string;
  readonly events: number;
  /** Median over the runs. */
  readonly eventsPerCoreSecond: number;
  /** Slowest and fastest run. */
  readonly from: number;
  readonly to: number;
  readonly eventsPerSecond: number;
  readonly flinkPerCoreSecond: number;
  readonly timesFlink: number;
}

const EVENTS = Number(process.env.BENCH_NEXMARK_EVENTS ?? 3_000_000);
const RUNS = Number(process.env.BENCH_NEXMARK_RUNS ?? 5);
const SEED = 1;

const FLINK: Readonly<Record<string, number>> = {
  q0: 155_000,
  q1: 158_000,
  q2: 175_000,
  q5: 22_100,
  q7: 12_300,
  q8: 146_000,
  q11: 39_700,
  q12: 75_700,
};

/** Each query in a process of its own: code that the compiler has fitted to one does not run the next. */
export function runNexmark(queries: readonly string[]): NexmarkFigures[] {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  return (queries.length > 0 ? queries : Object.keys(FLINK)).flatMap((query) => {
    const command = ['--import', 'tsx', main, 'nexmark-query', query, '--json'];
    const figures: NexmarkFigures = JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' }));
    return [figures];
  });
}

export async function measureQuery(query: string): Promise<NexmarkFigures> {
  const flinkPerCoreSecond = FLINK[query];
  if (flinkPerCoreSecond === undefined) throw new Error(`There is no query ${query}; known: ${Object.keys(FLINK)}`);
  const batches = makeBatches(EVENTS, SEED);
  const perCore: number[] = [];
  const perSecond: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const figures = await runQuery(query, EVENTS, batches);
    perCore.push(Math.round(figures.eventsPerCoreSecond));
    perSecond.push(Math.round(figures.eventsPerSecond));
  }
  const eventsPerCoreSecond = median(perCore);
  return {
    query,
    events: EVENTS,
    eventsPerCoreSecond,
    from: Math.min(...perCore),
    to: Math.max(...perCore),
    eventsPerSecond: median(perSecond),
    flinkPerCoreSecond,
    timesFlink: Math.round((eventsPerCoreSecond / flinkPerCoreSecond) * 10) / 10,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
