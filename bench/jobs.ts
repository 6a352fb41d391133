/**
 * Jobs in a service of their own process: 500 jobs on a cron of one minute, a year of backfill from a loopback server, and 100,000
 * runs in history. CPU time is that of the service and its stores' processes. `npm run bench -- jobs [cron|backfill|history]`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILTIN_TYPES } from '../dist/builtin-types.js';
import { nodeFs } from '../dist/journal/fs.js';
import { openJournal } from '../dist/journal/journal.js';
import { journalOf, openReader } from '../dist/journal/open-reader.js';
import { saveSchemaFiles } from '../dist/journal/schema-files.js';
import { COMMIT_FRAME, encodeCommit } from '../dist/messages/commit.js';
import { runChangedType, stepChangedType } from '../dist/messages/types.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const OPERATIONS_LOG = 'millrace.operations-0';
const STREAM =
  'streams: { weather.observations: { builtin: WeatherObservation, key: place, eventTime: observedAt } }\n';
const HTTP = 'http: { port: 0 }\nlog: { level: error }\n';
const MINUTE_MS = 60_000;
/** A first start over a long history fills the read models from all of it. */
const READY_MS = 600_000;

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly startedInSeconds: number;
  /** Of the service and its processes until it was ready. */
  readonly startCpuSeconds: number;
  stop(): Promise<void>;
}

async function start(home: string, yaml: string): Promise<Running> {
  const file = join(home, 'pipeline.yaml');
  writeFileSync(file, yaml + HTTP);
  const begunMs = performance.now();
  const words = [MAIN, 'start', '--quiet', '--config', file, '--data', join(home, 'data')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (bytes: Buffer) => {
      const found = /listening on (http:\S+?)\/? /.exec(bytes.toString('utf8'))?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`The service ended with ${code}`)));
  });
  while (!(await isReady(url))) {
    if (performance.now() - begunMs > READY_MS) {
      child.kill();
      throw new Error(`The service is not ready after ${READY_MS / 1000} s`);
    }
    await pause(5);
  }
  const startedInSeconds = (performance.now() - begunMs) / 1000;
  const startCpuSeconds = treeCpuSeconds(child.pid ?? 0);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { child, url, startedInSeconds, startCpuSeconds, stop };
}

/** A connection that the service has just closed is no answer either. */
async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

interface Backfill {
  readonly state: string;
  readonly over: number;
  readonly failed: number;
}

async function json<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  const body: T = JSON.parse(await answer.text());
  return body;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Of the process and those below it; on Linux, whose clock of CPU time has 100 ticks a second. */
function treeCpuSeconds(root: number): number {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      parents.set(Number(name), Number(fields[1]));
      ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...ticks].filter(([pid]) => isBelow(pid)).reduce((sum, [, own]) => sum + own, 0) / 100;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How long after the end of its interval each run began, in ms. */
async function startDelays(data: string): Promise<number[]> {
  const reader = openReader(journalOf(data));
  const delays: number[] = [];
  const range = { fromOffset: 0, toOffset: await reader.endOf(OPERATIONS_LOG) };
  for await (const { commit } of reader.commits(OPERATIONS_LOG, range)) {
    for (const { fingerprint, bytes } of commit.sections) {
      if (fingerprint !== runChangedType.fingerprint) continue;
      for (const { state, changedAt, intervalEnd } of runChangedType.decodeBlock(bytes)) {
        if (state === 'running') delays.push(changedAt - intervalEnd);
      }
    }
  }
  return delays;
}

async function cron(home: string): Promise<object> {
  const job = (i: number): string =>
    `  j${i}: { schedule: { cron: "* * * * *" }, catchup: none, steps: { s: { wait: { until: "{interval.end}" } } } }`;
  const jobs = Array.from({ length: 500 }, (_, i) => job(i)).join('\n');
  const service = await start(home, `${STREAM}pools: { default: 1000 }\njobs:\n${jobs}\n`);
  const minutes = 3;
  await pause(MINUTE_MS - (Date.now() % MINUTE_MS) - 2000);
  const before = treeCpuSeconds(service.child.pid ?? 0);
  await pause(minutes * MINUTE_MS);
  const cpuSeconds = treeCpuSeconds(service.child.pid ?? 0) - before;
  await service.stop();
  const delays = await startDelays(join(home, 'data'));
  return {
    what: '500 jobs, cron of one minute',
    runs: delays.length,
    'share of a core': `${((cpuSeconds / (minutes * 60)) * 100).toFixed(1)} %`,
    'start p50': `${percentile(delays, 0.5)} ms`,
    'start p99': `${percentile(delays, 0.99)} ms`,
  };
}

const PLACES = Array.from({ length: 50 }, (_, i) => `{ name: p${i}, at: ${i} }`).join(', ');

/** Answers with the hours from `from` to `to` (epoch seconds) of each of the places. */
async function weatherOf(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
    const time = Array.from({ length: (to - from) / 3600 }, (_, i) => from + i * 3600);
    const of = (place: number) => ({ hourly: { time, t: time.map((at) => ((at / 3600 + place) % 30) - 5) } });
    response.end(JSON.stringify((query.get('places') ?? '').split(',').map((place) => of(Number(place)))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
}

async function backfill(home: string, every: string, intervals: number): Promise<object> {
  const { server, url } = await weatherOf();
  const nulls = ['humidityPercent', 'precipitationMm', 'windSpeedKmh', 'pressureHpa'].map(
    (f) => `${f}: { value: null }`,
  );
  const fetchOf = `{ url: "${url}/?from={interval.start|unix}&to={interval.end|unix}&places={place.at|join}", places: [${PLACES}],
        rows: hourly, map: { provider: { value: bench }, place: "{place.name}", observedAt: { path: time, time: seconds },
        fetchedAt: "{fetchedAt}", temperatureCelsius: t, ${nulls.join(', ')} } }`;
  const yaml = `${STREAM}jobs:\n  load: { schedule: { every: ${every} }, catchup: none, steps: { s: { fetch: ${fetchOf}, into: weather.observations } } }\n`;
  const service = await start(home, yaml);
  const begunMs = performance.now();
  const before = treeCpuSeconds(service.child.pid ?? 0);
  const words = { from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z', parallel: 16 };
  const headers = { 'content-type': 'application/json' };
  const path = `${service.url}/api/v1/jobs/load/backfills`;
  const asked = await fetch(path, { method: 'POST', headers, body: JSON.stringify(words) });
  if (!asked.ok) throw new Error(await asked.text());
  let found: Backfill | undefined;
  while (found?.state !== 'completed') {
    await pause(250);
    [found] = await json<Backfill[]>(path);
    if ((found?.failed ?? 0) > 0) throw new Error(`${found?.failed} runs failed`);
  }
  const seconds = (performance.now() - begunMs) / 1000;
  const cpuSeconds = treeCpuSeconds(service.child.pid ?? 0) - before;
  const { sinceStart } = await json<{ sinceStart: { eventsIn: number } }>(`${service.url}/api/v1/overview`);
  await service.stop();
  server.close();
  return {
    what: `a year in ${intervals} intervals of ${every}, 50 places`,
    runs: found.over,
    events: sinceStart.eventsIn,
    seconds: Number(seconds.toFixed(1)),
    'CPU seconds': Number(cpuSeconds.toFixed(1)),
  };
}

const HISTORY_RUNS = 100_000;

/** Each commit has 500 runs from queued to success, a minute apart. */
async function writeHistory(data: string): Promise<void> {
  await nodeFs.makeDirectory(data);
  await saveSchemaFiles(nodeFs, data, BUILTIN_TYPES);
  const journal = await openJournal(journalOf(data).directory, { durability: 'os', segmentBytes: 64 * 1024 ** 2 });
  const log = await journal.openLog(OPERATIONS_LOG);
  const firstMs = Math.floor((Date.now() - HISTORY_RUNS * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  for (let run = 0; run < HISTORY_RUNS; run += 500) {
    const runs = Array.from({ length: 500 }, (_, i) => {
      const intervalEnd = firstMs + (run + i) * MINUTE_MS;
      const job = `j${(run + i) % 20}`;
      return { job, runId: `${job}@${new Date(intervalEnd).toISOString()}`, intervalEnd };
    });
    const steps = (state: 'running' | 'success', laterMs: number) =>
      stepChangedType.encodeBlock(
        runs.map(({ job, runId, intervalEnd: at }) => {
          const rest = { item: -1, attempt: 1, waitUntil: null, records: 5, output: null, message: null };
          return { job, runId, step: 's', state, changedAt: at + laterMs, ...rest };
        }),
      );
    const states = (state: 'queued' | 'running' | 'success', laterMs: number) =>
      runChangedType.encodeBlock(
        runs.map((own) => {
          const rest = { attempt: 1, records: 5, message: null, trigger: 'schedule', params: '{}' };
          const times = { intervalStart: own.intervalEnd - 20 * MINUTE_MS, changedAt: own.intervalEnd + laterMs };
          return { ...own, ...times, state, ...rest, backfill: null, ending: null };
        }),
      );
    const blocks = [
      states('queued', 1),
      states('running', 2),
      steps('running', 3),
      steps('success', 900),
      states('success', 901),
    ];
    const sections = blocks.map((block) => ({ ...block, role: 'input' as const }));
    const place = { stream: 'millrace.operations', partition: 0, source: 'internal', next: run + 1 };
    const { parts, count } = encodeCommit({ ...place, committedAt: firstMs + run * MINUTE_MS, sections });
    await log.append(COMMIT_FRAME, count, parts);
  }
  await journal.close();
}

const STARTS = 5;

/** Starts with the history and without it, in turn: what differs is what the history costs. */
async function history(home: string): Promise<object> {
  const [full, empty] = [join(home, 'full'), join(home, 'empty')];
  for (const each of [full, empty]) mkdirSync(each);
  await writeHistory(join(full, 'data'));
  const jobs = Array.from(
    { length: 20 },
    (_, i) =>
      `  j${i}: { schedule: { every: 20m }, catchup: none, steps: { s: { wait: { until: "{interval.end}" } } } }`,
  );
  const yaml = `${STREAM}jobs:\n${jobs.join('\n')}\n`;
  const first = await start(full, yaml);
  await first.stop();
  await (await start(empty, yaml)).stop();
  const starts: { readonly home: string; readonly seconds: number; readonly cpuSeconds: number }[] = [];
  for (let i = 0; i < STARTS; i++) {
    for (const each of [full, empty]) {
      const { stop, startedInSeconds, startCpuSeconds } = await start(each, yaml);
      await stop();
      starts.push({ home: each, seconds: startedInSeconds, cpuSeconds: startCpuSeconds });
    }
  }
  const median = (of: string, what: 'seconds' | 'cpuSeconds'): string =>
    percentile(
      starts.filter((each) => each.home === of).map((each) => each[what]),
      0.5,
    ).toFixed(2);
  const startOf = (of: string): string => `${median(of, 'seconds')} s, ${median(of, 'cpuSeconds')} s of CPU time`;
  const service = await start(full, yaml);
  const runs = await json<{ job: string; run_id: string }[]>(`${service.url}/api/v1/runs?limit=100`);
  const one = runs[0];
  const paths = ['/api/v1/jobs', '/api/v1/runs?limit=100', '/api/v1/run-steps?limit=100', '/api/v1/overview', '/jobs'];
  paths.push('/api/v1/jobs/j0/backfills', `/api/v1/jobs/${one?.job}/runs/${encodeURIComponent(one?.run_id ?? '')}`);
  const slowest: Record<string, string> = {};
  for (const path of paths) {
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const begunMs = performance.now();
      // The document of the pages is given to browsers alone.
      const answer = await fetch(service.url + path, { headers: { accept: 'text/html, application/json' } });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      times.push(performance.now() - begunMs);
    }
    slowest[path.replace(/\?.*/, '').replace(/\/j\d+\/runs\/.*/, '/:job/runs/:run')] =
      `${percentile(times, 0.95).toFixed(0)} ms`;
  }
  await service.stop();
  return {
    what: `${HISTORY_RUNS} runs in history`,
    'first start, without a snapshot': `${first.startedInSeconds.toFixed(1)} s`,
    'start until ready': startOf(full),
    'without history': startOf(empty),
    load: loadavg()[0]?.toFixed(0),
    'answers, p95': JSON.stringify(slowest),
  };
}

const PARTS: Readonly<Record<string, (home: string) => Promise<object>>> = {
  history,
  'backfill by day': (home) => backfill(home, '1d', 365),
  'backfill by hour': (home) => backfill(home, '1h', 8760),
  cron,
};

export async function runJobs(word = ''): Promise<object[]> {
  const found: object[] = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (!name.startsWith(word)) continue;
    const home = mkdtempSync(join(tmpdir(), 'millrace-jobs-'));
    try {
      found.push(await part(home));
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }
  return found;
}
