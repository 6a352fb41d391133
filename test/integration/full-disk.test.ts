/** A disk that is really full: a small tmpfs under the service. Needs root, and fails where it can't mount. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Finished, finish, spawnMillrace, startService, temporaryDirectory } from './millrace.ts';
import { type Client, clientOf, idsIn } from './payments-client.ts';

const DISK_MB = 32;
const POLL = { timeout: 30_000, interval: 100 };

let disk: string;
beforeAll(() => {
  disk = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
});
afterAll(() => {
  execFileSync('umount', ['--lazy', disk]);
});

const ballast = (): string => join(disk, 'ballast');

/** Takes all of the disk but so many bytes. */
function fillDisk(leaveBytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast(), Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
}

/** Sends until the disk is full: what the last request still waits for is returned with the client. */
async function fillUp(client: Client): Promise<Promise<unknown>[]> {
  const waiting: Promise<unknown>[] = [];
  for (let sent = 0; sent < 4000; sent++) {
    const sending = client.send();
    waiting.push(sending.catch(() => {}));
    const answer = await Promise.race([sending, new Promise<null>((resolve) => setTimeout(resolve, 2000, null))]);
    if (answer === null || answer.status !== 200) return waiting;
  }
  throw new Error('The disk did not fill up');
}

function linesWith(output: string, text: string): string[] {
  return output.split('\n').filter((line) => line.includes(text));
}

function expectAll(found: readonly number[], acknowledged: ReadonlySet<number>): void {
  const ids = new Set(found);
  expect([...acknowledged].filter((id) => !ids.has(id)).slice(0, 5), 'acknowledged and lost').toEqual([]);
  expect(ids.size, 'taken once').toBe(found.length);
}

it('waits for space without losing an acknowledged event, goes on by itself, and ends on Ctrl-C while it is full', async () => {
  const data = join(disk, 'data');
  const start = ['--config', 'test/integration/http.yaml', '--data', data];
  const service = await startService(start);
  const client = clientOf(service.url, 1);
  expect((await client.send()).status).toBe(200);

  fillDisk(400_000);
  const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
  const waiting: Promise<unknown>[] = [];
  let stalls = 0;
  // A store that gives up gives space back, which a log may get: it is filled until nobody has any.
  do {
    waiting.push(...(await fillUp(client)));
    stalls += 1;
    await new Promise((resolve) => setTimeout(resolve, 1500));
  } while (stalls < 10 && !/millrace_log_stalled\{log="payments.*\} 1/.test(await metrics()));
  expect((await client.ready()).status).toBe(503);
  expect(await (await client.ready()).text()).toMatch(/disk is full: .*\.log can't grow/);
  const refused = await client.send();
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await metrics()).toMatch(/millrace_log_stalled\{log="payments.*\} 1/);
  const acknowledged = client.acknowledged.size;
  for (let i = 0; i < 12; i++) {
    // The read models wait for the disk as well, are tried again every second, and answer from what they have.
    for (const path of ['dead-letters', 'sessions', 'cases', 'actor-history']) {
      const read = await fetch(`${service.url}/api/v1/${path}`);
      expect([path, read.status, await read.text()]).toEqual([path, 200, expect.stringMatching(/^\[/)]);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await new Promise((resolve) => setTimeout(resolve, 5000));
  // A log that gets what a store gives back may acknowledge some more.
  expect(service.child.exitCode).toBeNull();

  rmSync(ballast());
  await expect.poll(async () => (await client.ready()).status, POLL).toBe(200);
  await Promise.all(waiting);
  expect((await client.send()).status).toBe(200);
  expect(client.acknowledged.size).toBeGreaterThan(acknowledged);
  service.child.kill('SIGINT');
  const ended: Finished = await service.ended;
  expect(ended).toMatchObject({ code: 0, signal: null });
  const output = ended.stdout + ended.stderr;
  for (const log of ['payments.transactions-0', 'payments.transactions-1']) {
    const full = linesWith(output, "can't grow").filter((line) => line.includes(`${log}/`));
    const goesOn = linesWith(output, `${log} goes on`);
    expect(full.length, log).toBe(goesOn.length);
    expect(full.length, log).toBeLessThanOrEqual(stalls + 2);
  }
  expect(linesWith(output, "can't grow").length).toBeGreaterThan(0);
  expectAll(await idsIn(data), client.acknowledged);

  const again = await startService(start);
  const other = clientOf(again.url, 1_000_000);
  expect((await other.send()).status).toBe(200);
  fillDisk(200_000);
  await fillUp(other);
  await expect.poll(async () => (await other.ready()).status, POLL).toBe(503);
  const asked = performance.now();
  again.child.kill('SIGINT');
  expect(await again.ended).toMatchObject({ code: 0, signal: null });
  expect(performance.now() - asked).toBeLessThan(10_000);
  rmSync(ballast());
  fillDisk(0);
  const unstarted = await finish(spawnMillrace(['start', '--port', '0', ...start]), 30_000);
  expect(unstarted.code).toBe(1);
  expect(unstarted.stderr).toMatch(/The disk of .*journal is full.*Free some space and start again/);
  rmSync(ballast());
  const found = await idsIn(data);
  expectAll(found, new Set([...client.acknowledged, ...other.acknowledged]));
});
