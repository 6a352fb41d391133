/**
 * What a trace of each request costs: small requests over HTTP at a service without tracing, and with it at several shares, in
 * turns. CPU time of the main process a request, of the median round. With MILLRACE_BASE, the root of another build, that one's
 * too.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from './soak/client.ts';
import { startWatched, usageOf } from './soak/process.ts';

const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 2_000);
const ROUNDS = 3;
const AT_ONCE = 8;

const WAYS = [
  { name: 'no tracing', sample: null },
  { name: 'tracing, of which nothing is recorded', sample: 0 },
  { name: 'each request recorded and sent', sample: 1 },
];

export async function runTracing(): Promise<object[]> {
  const receiver = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const at = receiver.address();
  const url = typeof at === 'object' && at !== null ? `http://127.0.0.1:${at.port}/` : '';
  const base = process.env.MILLRACE_BASE;
  const ways = [...(base === undefined ? [] : [{ name: `no tracing, of ${base}`, sample: null, root: base }]), ...WAYS];
  const rounds = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, way] of ways.entries()) rounds[i]?.push(await measure(way, url));
  }
  receiver.close();
  return ways.map(({ name }, i) => ({
    way: name,
    'CPU µs a request': Math.round(rounds[i]?.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0),
  }));
}

interface Way {
  readonly sample: number | null;
  readonly root?: string;
}

async function measure({ sample, root }: Way, receiver: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const pipeline = readFileSync(new URL('soak/pipeline.yaml', import.meta.url), 'utf8');
  const tracing = sample === null ? '' : `tracing: { otlp: "${receiver}v1/traces", sample: ${sample} }\n`;
  writeFileSync(join(directory, 'pipeline.yaml'), pipeline + tracing);
  const config = join(directory, 'pipeline.yaml');
  const service = await startWatched(config, join(directory, 'data'), 0, { RECEIVER: receiver }, root);
  const { pid = 0 } = service.child;
  const client = createClient(() => service.url);
  const send = async (requests: number): Promise<void> => {
    const lane = async (): Promise<void> => {
      for (let i = 0; i < requests / AT_ONCE; i++) await client.send(1, Date.now());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  // Code that has not run yet costs more.
  await send(REQUESTS / 4);
  const before = usageOf(pid)?.mainCpuSeconds ?? 0;
  await send(REQUESTS);
  const seconds = (usageOf(pid)?.mainCpuSeconds ?? 0) - before;
  service.child.kill('SIGTERM');
  await service.ended;
  rmSync(directory, { recursive: true });
  return (seconds * 1e6) / REQUESTS;
}
