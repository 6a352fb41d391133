/**
 * `npm run load`: more and more events a second, offered at fixed times whatever is answered, until the service does not keep up. Says
 * the last rate that it took with a p99 below the bound, and what was busy then; and what an event costs in CPU time and on the disk.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createClient } from './client.ts';
import { startWatched, usageOf } from './process.ts';
import { kneeOf, quantile } from './trend.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '8' }, from: { type: 'string', default: '4000' } },
});
const P99_BOUND_MS = 1_000;
const REQUESTS_A_SECOND = 20;
const FACTOR = 1.6;
const STEPS_MAX = 10;

const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'));
const receiver = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200).end());
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const at = receiver.address();
const RECEIVER = `http://127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}/`;
const pipeline = fileURLToPath(new URL('pipeline.yaml', import.meta.url));
const service = await startWatched(pipeline, join(directory, 'data'), 0, { RECEIVER });
const pid = service.child.pid ?? 0;
const steps = [];
let accepted = 0;
for (let offered = Number(values.from); steps.length < STEPS_MAX; offered = Math.round(offered * FACTOR)) {
  const client = createClient(() => service.url);
  const before = usageOf(pid);
  const startMs = performance.now();
  const sent: Promise<void>[] = [];
  const requests = Number(values.seconds) * REQUESTS_A_SECOND;
  for (let i = 0; i < requests; i++) {
    const dueMs = startMs + (i * 1000) / REQUESTS_A_SECOND;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    sent.push(client.send(Math.round(offered / REQUESTS_A_SECOND), Date.now()));
  }
  await Promise.all(sent);
  const seconds = (performance.now() - startMs) / 1000;
  const after = usageOf(pid);
  const cores = (of: 'mainCpuSeconds' | 'childrenCpuSeconds'): number =>
    Number((((after?.[of] ?? 0) - (before?.[of] ?? 0)) / seconds).toFixed(2));
  const step = {
    offered,
    achieved: Math.round(client.acknowledged.count / seconds),
    p50Ms: Math.round(quantile(client.latenciesMs, 0.5)),
    p99Ms: Math.round(quantile(client.latenciesMs, 0.99)),
    mainCores: cores('mainCpuSeconds'),
    storeCores: cores('childrenCpuSeconds'),
    cpuMicrosAnEvent: Number(
      (((cores('mainCpuSeconds') + cores('childrenCpuSeconds')) * seconds * 1e6) / client.acknowledged.count).toFixed(
        1,
      ),
    ),
    rssMiB: Math.round(after?.rssMiB ?? 0),
  };
  accepted += client.acknowledged.count;
  steps.push(step);
  process.stderr.write(`${JSON.stringify(step)}\n`);
  if (step.achieved < 0.95 * offered || step.p99Ms > P99_BOUND_MS) break;
}
const knee = kneeOf(steps, P99_BOUND_MS);
const last = steps.at(-1);
const bound =
  last === undefined
    ? ''
    : last.mainCores > 0.85
      ? 'the main thread: one core computes, commits and answers'
      : last.mainCores + last.storeCores > 1.6
        ? 'both cores: the main thread and the stores'
        : 'neither core: waiting for the disk, or for the client on the same machine';
service.child.kill('SIGINT');
await service.ended;
receiver.closeAllConnections();
receiver.close();
const data = join(directory, 'data');
const bytesAnEvent = {
  journal: bytesOf('journal', /./),
  sqlite: bytesOf('.', /^operations\.sqlite$/),
  duckdb: bytesOf('.', /^analytics\.duckdb$/),
};
process.stdout.write(
  `${JSON.stringify({ knee, boundBy: bound, p99BoundMs: P99_BOUND_MS, accepted, bytesAnEvent, steps }, null, 2)}\n`,
);
rmSync(directory, { recursive: true, force: true });

/** Of the files of that folder of the data directory, and of folders in it: bytes for each event that was accepted. */
function bytesOf(folder: string, name: RegExp): number {
  const files = readdirSync(join(data, folder), { recursive: folder !== '.', encoding: 'utf8' });
  const sizes = files.filter((file) => name.test(file)).map((file) => statSync(join(data, folder, file)));
  return Number((sizes.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0) / accepted).toFixed(1));
}
