/** A service that keeps old segments of its journal on S3: killed at any moment nothing is lost, and an empty machine gets all of it. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf, millrace, startService, temporaryDirectory } from '../integration/millrace.ts';
import { S3_ENV } from './one-s3.ts';

const KILLS = Number(process.env.KILLS ?? 2);
Object.assign(process.env, S3_ENV);

interface Piped {
  readonly config: string;
  readonly data: string;
  readonly address: string;
}

function piped(address: string): Piped {
  const directory = temporaryDirectory();
  const config = join(directory, 'pipeline.yaml');
  writeFileSync(
    join(directory, 'click.avsc'),
    JSON.stringify({
      type: 'record',
      name: 'Click',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
        { name: 'text', type: 'string' },
      ],
    }),
  );
  writeFileSync(
    config,
    `name: test
journal: { segment: 32KB, snapshotEvents: 200, tier: { to: "${address}", size: 64KB } }
streams:
  clicks: { schema: ./click.avsc, key: id, eventTime: at }
windows:
  n: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count() } }
`,
  );
  return { config, data: join(directory, 'data'), address };
}

async function post(url: string, first: number, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: `k${(first + i) % 7}`, at: (first + i) * 10, text: 'x'.repeat(100) + (first + i) }),
  );
  const response = await fetch(`${url}/api/v1/streams/clicks/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', connection: 'close' },
    body: lines.join('\n'),
  });
  expect(response.status).toBeLessThan(300);
}

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (performance.now() < endMs) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not in time: ${what}`);
}

const notes = (data: string): number =>
  readdirSync(join(data, 'journal', 'clicks-0')).filter((name) => name.endsWith('.away')).length;

test('killed while segments leave, a service loses none; all is read back, and restored on an empty machine', async () => {
  const { config, data, address } = piped(`s3://millrace/tier-${process.pid}`);
  let sent = 0;
  for (let kill = 0; kill <= KILLS; kill++) {
    const { child, url, ended } = await startService(['--config', config, '--data', data, '--quiet']);
    const before = kill === 0 ? 0 : notes(data);
    const isLast = kill === KILLS;
    // A kill comes as soon as a note is there: before, while, or after the segment itself goes.
    await until(async () => {
      await post(url, sent, 100);
      sent += 100;
      return notes(data) > before + (isLast ? 3 : 0);
    }, 'segments leave');
    child.kill(isLast ? 'SIGTERM' : 'SIGKILL');
    await ended;
  }
  const verified = await millrace(['journal', 'verify', '--data', data, '--fetch', '--json']);
  expect([verified.code, verified.stderr]).toEqual([0, '']);
  const { logs }: { logs: readonly { log: string; away: number; nextOffset: number }[] } = JSON.parse(verified.stdout);
  const clicks = logs.find(({ log }) => log === 'clicks-0');
  expect(clicks?.away).toBeGreaterThan(3);
  const digest = await digestOf(data);
  for (const name of readdirSync(join(data, 'journal', 'clicks-0'))) {
    if (name.endsWith('.fetched')) rmSync(join(data, 'journal', 'clicks-0', name));
  }
  // A read model that is rebuilt, and events that are derived again, have all that left.
  const replayed = await millrace(['replay', '--config', config, '--data', data]);
  expect(replayed.code, replayed.stderr).toBe(0);
  expect(await digestOf(data)).toEqual(digest);
  const counted = await millrace([
    'query',
    '--store',
    'duckdb',
    'SELECT count(*) AS n FROM clicks',
    '--data',
    data,
    '--json',
  ]);
  expect(JSON.parse(counted.stdout)).toEqual([{ n: sent }]);
  expect((await millrace(['backup', '--to', `${address}-backup`, '--data', data])).code).toBe(0);
  const empty = join(temporaryDirectory(), 'new');
  expect((await millrace(['restore', '--from', `${address}-backup`, '--data', empty])).code).toBe(0);
  expect(await digestOf(empty)).toEqual(digest);
});

test('a place that is not there is said on the page and by doctor, and keeps nothing from going on', async () => {
  const { config, data } = piped('s3://no-such-bucket/tier');
  const doctor = await millrace(['doctor', '--config', config, '--port', '0']);
  expect(doctor.code).toBe(3);
  expect(doctor.stdout).toMatch(/FAIL {2}journal\.tier .*there is no bucket no-such-bucket/);
  const { child, url, ended } = await startService(['--config', config, '--data', data, '--quiet']);
  let sent = 0;
  const problem = async (): Promise<string | undefined> => {
    const response = await fetch(`${url}/api/v1/overview`, { headers: { connection: 'close' } });
    const { stages }: { stages: readonly { id: string; problem?: string }[] } = JSON.parse(await response.text());
    return stages.find(({ id }) => id === 'journal')?.problem;
  };
  await until(async () => {
    await post(url, sent, 200);
    sent += 200;
    return (await problem()) !== undefined;
  }, 'the journal says what it waits for');
  expect(await problem()).toMatch(/there is no bucket no-such-bucket/);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_journal_tier_waiting 1');
  await post(url, sent, 10);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  expect(notes(data)).toBe(0);
});
