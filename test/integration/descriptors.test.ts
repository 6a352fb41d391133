/** A process without a file descriptor left, such as one under too low a limit: the log waits, and goes on. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn, projectedEvents } from './payments-client.ts';

function limitDescriptors(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

/** The lowest number that is not in use: with it as the limit nothing can be opened. */
function lowestFree(pid: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free += 1;
  return free;
}

it('waits when it can open no segment, keeps what was acknowledged, and goes on once it can', async () => {
  const data = join(temporaryDirectory(), 'data');
  const small = { MILLRACE__JOURNAL__SEGMENT: '32KB' };
  const service = await startService(['--config', 'test/integration/http.yaml', '--data', data], small);
  const pid = service.child.pid ?? 0;
  const client = clientOf(service.url, 1);
  for (let sent = 0; sent < 3; sent++) expect((await client.send()).status).toBe(200);
  // The process of the read models is up.
  await expect.poll(() => projectedEvents(service.url), { timeout: 20_000 }).toBeGreaterThan(0);
  // Whatever opens something at this moment leaves a gap when it closes it: looked for until there is none.
  let waiting: Promise<Response> | null = null;
  for (let sent = 0; sent < 500 && waiting === null; sent++) {
    limitDescriptors(pid, lowestFree(pid));
    const sending = client.send();
    // Without a descriptor a connection may be closed instead of taken: nothing of it was acknowledged.
    const refused = sending.catch((error: Error) => error);
    const answer = await Promise.race([refused, new Promise<null>((resolve) => setTimeout(resolve, 2000, null))]);
    if (answer === null) waiting = sending;
  }
  expect(waiting).not.toBeNull();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(service.child.exitCode).toBeNull();
  limitDescriptors(pid, 1024);
  await waiting?.catch(() => {});
  await expect.poll(async () => (await client.ready()).status, { timeout: 20_000 }).toBe(200);
  const sent = (): Promise<number> =>
    client.send().then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(sent, { timeout: 20_000 }).toBe(200);
  service.child.kill('SIGINT');
  const { code, stdout, stderr } = await service.ended;
  expect(code).toBe(0);
  expect(stdout + stderr).toMatch(/can't be opened \(EMFILE.*ulimit -n/);
  const found = await idsIn(data);
  const ids = new Set(found);
  expect([...client.acknowledged].filter((id) => !ids.has(id))).toEqual([]);
  expect(ids.size).toBe(found.length);
});
