/** Damaged, swapped and foreign files of the read models, under a real service and under commands of their own. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOf, millrace, startService, temporaryDirectory } from './millrace.ts';

const CONFIG = ['--config', 'test/integration/http.yaml'];
const POLL = { timeout: 30_000, interval: 50 };
const FILES = /^(operations\.sqlite|analytics\.duckdb)/;

/** A data directory with events, dead letters and so many customers, its service stopped; and its digest. */
async function made(
  firstId: number,
  end: 'SIGINT' | 'SIGKILL' = 'SIGINT',
): Promise<{ data: string; digest: string[] }> {
  const data = temporaryDirectory();
  const service = await startService([...CONFIG, '--data', data]);
  const post = async (from: number): Promise<void> => {
    const lines = Array.from({ length: 2000 }, (_, i) => {
      const transactionId = from + i;
      if (i % 4 === 3) return `no JSON but something of some length: ${transactionId}`;
      const occurredAt = 1_522_540_800_000 + transactionId * 10;
      return JSON.stringify({ transactionId, customerId: transactionId, terminalId: 3, amountCents: 400, occurredAt });
    });
    const answer = await fetch(`${service.url}/api/v1/streams/payments.transactions/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect(answer.status).toBe(200);
  };
  for (let i = 0; i < 5; i++) await post(firstId + i * 2000);
  const digest = await digestOf(data);
  service.child.kill(end);
  await service.ended;
  return { data, digest };
}

/** What a service serves once it calls itself ready, and then what a command finds without it. */
async function expectRight(data: string, digest: readonly string[]): Promise<string> {
  const service = await startService([...CONFIG, '--data', data]);
  await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status, POLL).toBe(200);
  expect(await digestOf(data)).toEqual(digest);
  service.child.kill('SIGINT');
  const { code, stdout, stderr } = await service.ended;
  expect(code).toBe(0);
  expect(await digestOf(data)).toEqual(digest);
  return stdout + stderr;
}

function flip(file: string, part: number): void {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length * part);
  bytes[at] = (bytes[at] ?? 0) ^ 0x01;
  writeFileSync(file, bytes);
}

it.each(['operations.sqlite', 'analytics.duckdb'])(
  '%s with a flipped byte is rebuilt before the service is ready',
  async (file) => {
    const { data, digest } = await made(1);
    for (const part of [0.35, 0.5, 0.9]) {
      flip(join(data, file), part);
      await expectRight(data, digest);
      flip(join(data, file), part);
      // Without a service as well.
      expect(await digestOf(data)).toEqual(digest);
    }
  },
);

it('a page of SQLite that is damaged after a kill is rebuilt, and it says so', async () => {
  const { data, digest } = await made(1);
  const bytes = readFileSync(join(data, 'operations.sqlite'));
  const at = bytes.indexOf('no JSON but something of some length');
  bytes.write('XX', at + 3);
  writeFileSync(join(data, 'operations.sqlite'), bytes);
  const output = await expectRight(data, digest);
  expect(output).toMatch(/The sqlite read model is damaged: page \d+ of .*operations\.sqlite is not what was written/);
});

it('files of another data directory are rebuilt, with all that belongs to them', async () => {
  const [one, other] = [await made(1), await made(100_001, 'SIGKILL')];
  for (const name of readdirSync(one.data).filter((file) => FILES.test(file))) rmSync(join(one.data, name));
  for (const name of readdirSync(other.data).filter((file) => FILES.test(file))) {
    copyFileSync(join(other.data, name), join(one.data, name));
  }
  await expectRight(one.data, one.digest);
});

it('garbage in what lies beside the files is without effect', async () => {
  const { data, digest } = await made(1, 'SIGKILL');
  const whole = await millrace([
    'query',
    '--store',
    'duckdb',
    'SELECT count(*) AS n FROM transactions',
    '--data',
    data,
    '--json',
  ]);
  expect(JSON.parse(whole.stdout)).toEqual([{ n: 7500 }]);
  for (const garbage of ['operations.sqlite-wal', 'analytics.duckdb.wal', 'operations.sqlite-sums', 'stores.id']) {
    writeFileSync(join(data, garbage), 'garbage'.repeat(1000));
    await expectRight(data, digest);
  }
  expect(existsSync(join(data, 'operations.sqlite-sums'))).toBe(true);
});
