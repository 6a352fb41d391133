/**
 * `npm run soak -- --minutes 60 --rate 2000`: a service under steady load, with faults on a schedule. In the end every event that was
 * acknowledged must be there once, a replay must give the same tables, and in the second half, in which nothing is killed,
 * memory and descriptors must not have grown. Exit code 1 when one of these does not hold.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createClient } from './client.ts';
import { millrace, startWatched, usageOf, type Watched } from './process.ts';
import { quantile, type Sample, slopePerMinute } from './trend.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, rate: { type: 'string', default: '2000' } },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
const PIPELINE = fileURLToPath(new URL('pipeline.yaml', import.meta.url));
const BATCH = 200;
const FAULT_EVERY_MS = 20_000;
const SAMPLE_EVERY_MS = 1_000;
/** Growth that a service of hours could not have: a share of its memory an hour, and so much in any case. */
const GROWTH_SHARE_AN_HOUR = 0.5;
const GROWTH_MIB_MIN = 40;
const DESCRIPTORS_MORE = 20;

const directory = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
const data = join(directory, 'data');
let receiverStatus = 200;
const receiver = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(receiverStatus).end());
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const address = receiver.address();
const receiverPort = address !== null && typeof address === 'object' ? address.port : 0;
// Commands that read the pipeline file need it too.
process.env.RECEIVER = `http://127.0.0.1:${receiverPort}/`;
const start = (port: number): Promise<Watched> => startWatched(PIPELINE, data, port, {});

let service = await start(0);
const port = Number(new URL(service.url).port);
const client = createClient(() => `http://127.0.0.1:${port}`, 50);
const began = Date.now();
const endsAt = began + minutes * 60_000;
const isSecondHalf = (): boolean => Date.now() - began > (endsAt - began) / 2;
const say = (text: string): void =>
  void process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0)} s: ${text}\n`);

const memory: Sample[] = [];
const descriptors: Sample[] = [];
const sampling = setInterval(() => {
  const usage = usageOf(service.child.pid ?? 0);
  // The first fifth of the second half is for what grows to its bound once.
  if (usage === null || Date.now() - began < (endsAt - began) * 0.6) return;
  memory.push({ atMs: Date.now(), value: usage.rssMiB });
  descriptors.push({ atMs: Date.now(), value: usage.descriptors });
}, SAMPLE_EVERY_MS);

const faults: Record<string, () => Promise<void>> = {
  async 'killed, and started again'() {
    if (isSecondHalf()) return;
    service.child.kill('SIGKILL');
    await service.ended;
    service = await start(port);
  },
  async 'the receiver of the sink refuses'() {
    receiverStatus = 503;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    receiverStatus = 200;
  },
  async 'stopped for two seconds, as by a debugger or a busy machine'() {
    service.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    service.child.kill('SIGCONT');
  },
  async 'restarted in order'() {
    if (isSecondHalf()) return;
    service.child.kill('SIGTERM');
    await service.ended;
    service = await start(port);
  },
};
const names = Object.keys(faults);
let faultNumber = 0;
let failing: Promise<void> = Promise.resolve();
const failingEvery = setInterval(() => {
  const name = names[faultNumber % names.length] ?? '';
  faultNumber += 1;
  failing = failing.then(async () => {
    if (Date.now() > endsAt) return;
    say(name);
    await faults[name]?.();
  });
}, FAULT_EVERY_MS);

while (Date.now() < endsAt) {
  const nextAt = Date.now() + (BATCH / rate) * 1000;
  await client.send(BATCH, Date.now());
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextAt - Date.now())));
}
clearInterval(failingEvery);
await failing;
clearInterval(sampling);
service.child.kill('SIGINT');
const code = await service.ended;
say('stopped; looked through');

const query = 'SELECT count(*) AS n, count(DISTINCT transaction_id) AS ids FROM transactions';
const [found] = JSON.parse(millrace('query', '--store', 'duckdb', query, '--data', data, '--json'));
const digest = (): string => millrace('digest', '--data', data);
const before = digest();
millrace('replay', '--config', PIPELINE, '--data', data);
const after = digest();

const growth = slopePerMinute(memory) * 60;
const rss = memory.map(({ value }) => value);
const bound = Math.max(GROWTH_MIB_MIN * (60 / Math.max(1, minutes * 0.4)), GROWTH_SHARE_AN_HOUR * quantile(rss, 0.5));
const [firstFds, lastFds] = [descriptors.slice(0, 5), descriptors.slice(-5)].map((some) =>
  quantile(
    some.map(({ value }) => value),
    0.5,
  ),
);
const checks: Record<string, boolean> = {
  'ended in order': code === 0,
  'every acknowledged event is there, once': found.n === client.acknowledged.count && found.ids === found.n,
  'a replay gives the same tables': before === after,
  'memory does not grow': growth <= bound,
  'no descriptor is lost': (lastFds ?? 0) <= (firstFds ?? 0) + DESCRIPTORS_MORE,
};
process.stdout.write(
  `${JSON.stringify(
    {
      minutes,
      events: client.acknowledged.count,
      faults: faultNumber,
      p50Ms: Math.round(quantile(client.latenciesMs, 0.5)),
      p99Ms: Math.round(quantile(client.latenciesMs, 0.99)),
      medianRssMiB: Math.round(quantile(rss, 0.5)),
      growthMiBPerHour: Math.round(growth),
      growthBoundMiBPerHour: Math.round(bound),
      descriptors: [firstFds, lastFds],
      checks,
    },
    null,
    2,
  )}\n`,
);
receiver.closeAllConnections();
receiver.close();
rmSync(directory, { recursive: true, force: true });
process.exitCode = Object.values(checks).every(Boolean) ? 0 : 1;
