/** What the service does when its journal is not what it was: a disk that fails a sync, a log that lost its end. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finish, ROOT, spawnMillrace, startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn, projectedEvents } from './payments-client.ts';

const CONFIG = ['--config', 'test/integration/http.yaml'];

it('ends with code 1 when a sync fails, acknowledges nothing after it, and has all that it acknowledged before', async () => {
  const directory = temporaryDirectory();
  const data = join(directory, 'data');
  const shim = join(directory, 'failing-sync.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', shim, join(ROOT, 'test/integration/failing-sync.c'), '-ldl']);
  const failNow = join(directory, 'fail-now');
  const env = { LD_PRELOAD: shim, FAIL_SYNC_WHEN: failNow };
  const service = await startService([...CONFIG, '--data', data], env);
  const client = clientOf(service.url, 1);
  for (let sent = 0; sent < 10; sent++) expect((await client.send()).status).toBe(200);
  const acknowledged = client.acknowledged.size;
  writeFileSync(failNow, '');
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => client.send()));
  const { code, stdout, stderr } = await service.ended;
  expect(code).toBe(1);
  expect(stdout + stderr).toMatch(/Syncing .*\.log failed .*EIO/);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') expect(outcome.value.status).not.toBe(200);
  expect(client.acknowledged.size).toBe(acknowledged);

  const again = await startService([...CONFIG, '--data', data]);
  const other = clientOf(again.url, 1_000_000);
  expect((await other.send()).status).toBe(200);
  again.child.kill('SIGINT');
  expect((await again.ended).code).toBe(0);
  const found = await idsIn(data);
  const ids = new Set(found);
  expect([...client.acknowledged, ...other.acknowledged].filter((id) => !ids.has(id))).toEqual([]);
  expect(ids.size).toBe(found.length);
});

it('does not start on a log that is shorter than what the operations store has seen of it', async () => {
  const data = join(temporaryDirectory(), 'data');
  const service = await startService([...CONFIG, '--data', data]);
  expect((await clientOf(service.url, 1).send()).status).toBe(200);
  await expect.poll(() => projectedEvents(service.url), { timeout: 20_000 }).toBeGreaterThan(0);
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);
  // All that is left of the log is the first frame of its first segment, and nothing in the journal says otherwise.
  const log = join(data, 'journal', 'payments.transactions-0');
  const [segment = ''] = readdirSync(log).filter((name) => name.endsWith('.log'));
  truncateSync(join(log, segment), 48);
  rmSync(join(log, 'HEAD'));
  rmSync(join(log, 'snapshots'), { recursive: true });
  const { code, stderr } = await finish(spawnMillrace(['start', '--port', '0', ...CONFIG, '--data', data]), 30_000);
  expect(code).toBe(1);
  expect(stderr).toContain(`The log payments.transactions-0 is corrupt: in ${join(log, segment)} at byte 48`);
});
