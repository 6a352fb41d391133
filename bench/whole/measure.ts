/** One scenario, in a process of its own: `measure.ts NAME EVENTS DIRECTORY` prints its figures as JSON. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deleteStores, openReadModels } from '../../dist/channel/offline.js';
import type { Config } from '../../dist/config/config.js';
import { loadConfig } from '../../dist/config/load.js';
import { type MadeBatch, makeBatches } from '../batches.ts';
import type { Figures } from './figures.ts';
import { type Meter, startMeter } from './meter.ts';
import { numbersOf, rowsSql } from './rows.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type Fed, feed } from './service.ts';

const [, , name = '', events = '', directory = ''] = process.argv;
/** Of a live run, so much comes before the clock starts: code is compiled, and the stores are open. */
const WARM_UP_SHARE = 0.1;
const PACED_SECONDS = 10;
const TICK_MS = 10;

function configOf({ pipeline, hasStores }: Scenario): Config {
  let file = 'file' in pipeline ? fileURLToPath(new URL(`../../${pipeline.file}`, import.meta.url)) : '';
  if ('text' in pipeline) {
    file = join(directory, 'pipeline.yaml');
    writeFileSync(file, pipeline.text);
  }
  const loaded = loadConfig(file, {});
  const stores = hasStores ? loaded.stores : { ...loaded.stores, on: [] };
  return { ...loaded, dataDir: join(directory, 'data'), sinks: [], jobs: [], stores };
}

function measured(fed: Fed, meter: Meter, events: number): Omit<Figures, 'counts'> {
  const { cpuMicros, seconds, peakRssMiB } = meter.end();
  const latencies = fed.latenciesMs.sort((a, b) => a - b);
  const at = (share: number): number | null => latencies[Math.floor(latencies.length * share)] ?? null;
  return { events, nsPerEvent: (cpuMicros * 1000) / events, seconds, peakRssMiB, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function live(scenario: Scenario, events: number): Promise<Figures> {
  const config = configOf(scenario);
  const batches = makeBatches(events, config.streams[0]?.partitions ?? 1, scenario.customers);
  const fed = await feed(config);
  const warm = batches.splice(0, Math.floor(batches.length * WARM_UP_SHARE));
  await fed.give(warm);
  await fed.settled();
  const before = fed.events();
  fed.latenciesMs.length = 0;
  const meter = startMeter(fed.stores);
  await fed.give(batches);
  await fed.settled();
  const figures = measured(fed, meter, events - before);
  const counts = await fed.flushedCounts();
  await fed.stop();
  return { ...figures, counts };
}

/** The journal of a live run, every event derived anew, and every store made anew. */
async function replay(scenario: Scenario, events: number): Promise<Figures> {
  const { counts: before } = await live(scenario, events);
  const config = configOf(scenario);
  const { dataDir } = config;
  const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['sqlite', 'duckdb']));
  const meter = startMeter(offline.target.stores);
  const [, logs] = await Promise.all([offline.catchUp(), offline.rederive()]);
  const { cpuMicros, seconds, peakRssMiB } = meter.end();
  if (logs.some(({ differences }) => differences > 0)) throw new Error('The replay derived other events');
  const [rows = {}] = await offline.query('duckdb', rowsSql(config));
  await offline.close();
  const counts = numbersOf(rows);
  for (const [table, n] of Object.entries(counts)) {
    if (before[table] !== n) throw new Error(`Live gave ${before[table]} rows of ${table}, and the replay ${n}`);
  }
  return { events, nsPerEvent: (cpuMicros * 1000) / events, seconds, peakRssMiB, p50Ms: null, p99Ms: null, counts };
}

/** Batches come at a pace, whether those before are done or not, so a late one counts from when it was due. */
async function paced(scenario: Scenario): Promise<Figures> {
  const config = configOf(scenario);
  const rate = scenario.eventsPerSecond ?? 0;
  const perTick = Math.round((rate * TICK_MS) / 1000);
  const ticks = (PACED_SECONDS * 1000) / TICK_MS;
  const partitions = config.streams[0]?.partitions ?? 1;
  const batches = makeBatches(2 * perTick * ticks, partitions, scenario.customers, Math.ceil(perTick / partitions));
  const fed = await feed(config);
  const half = batches.findIndex(({ next }) => next > perTick * ticks);
  await fed.give(batches.splice(0, half));
  await fed.settled();
  const before = fed.events();
  fed.latenciesMs.length = 0;
  const meter = startMeter(fed.stores);
  const startedAt = performance.now();
  await fed.give(batches, ({ next }: MadeBatch) => startedAt + ((next - before) / rate) * 1000);
  await fed.settled();
  const figures = measured(fed, meter, fed.events() - before);
  const counts = await fed.flushedCounts();
  await fed.stop();
  return { ...figures, counts };
}

/** A crash after all is durable: the next start with the snapshots that there are, and without any. */
async function recovery(scenario: Scenario, events: number): Promise<Figures> {
  const config = configOf(scenario);
  const batches = makeBatches(events, config.streams[0]?.partitions ?? 1, scenario.customers);
  const fed = await feed(config);
  await fed.give(batches);
  await fed.settled();
  const counts = await fed.flushedCounts();
  await fed.stop();
  const start = async (): Promise<Omit<Figures, 'counts'>> => {
    const meter = startMeter(null);
    const again = await feed(config);
    const { cpuMicros, seconds, peakRssMiB } = meter.end();
    await again.kill();
    return { events, nsPerEvent: (cpuMicros * 1000) / events, seconds, peakRssMiB, p50Ms: null, p99Ms: null };
  };
  const { seconds: secondsWithSnapshot } = await start();
  const journal = join(config.dataDir, 'journal');
  for (const entry of readdirSync(journal, { withFileTypes: true })) {
    if (entry.isDirectory()) rmSync(join(journal, entry.name, 'snapshots'), { recursive: true, force: true });
  }
  return { ...(await start()), secondsWithSnapshot, counts };
}

const scenario = SCENARIOS.find((each) => each.name === name);
if (scenario === undefined) throw new Error(`There is no scenario ${name}`);
const ways = { live, replay, paced, recovery };
const figures = await ways[scenario.measured](scenario, Number(events));
process.stdout.write(JSON.stringify(figures));
process.exit(0);
