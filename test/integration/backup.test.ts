/** Backups of a service that runs, taken while events come in: each is a moment that the service was in. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOf, millrace, startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn } from './payments-client.ts';

const CONFIG = ['--config', 'test/integration/backup.yaml'];

async function succeeded(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await millrace(words);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

it('backs up a running service again and again, and each backup replays to what was acknowledged before it', async () => {
  const home = temporaryDirectory();
  const [data, backup] = [join(home, 'data'), join(home, 'backup')];
  const service = await startService([...CONFIG, '--data', data]);
  const client = clientOf(service.url, 1);
  let isSending = true;
  const sending = (async () => {
    while (isSending) expect((await client.send()).status).toBe(200);
  })();
  for (let i = 0; i < 2; i++) {
    await expect.poll(() => client.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(500 * (i + 1));
    const before = [...client.acknowledged];
    await succeeded(['backup', '--to', backup, '--data', data, '--json']);
    const after = client.acknowledged.size;
    const restored = join(home, `restored-${i}`);
    await succeeded(['restore', '--from', backup, '--data', restored, '--json']);
    await succeeded(['journal', 'verify', '--data', restored]);
    const { rederived } = JSON.parse((await millrace(['replay', '--data', restored, '--json'])).stdout);
    expect(rederived.length).toBeGreaterThan(2);
    for (const { differences } of rederived) expect(differences).toBe(0);
    const ids = await idsIn(restored);
    expect(new Set(ids).size).toBe(ids.length);
    expect(before.filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.length).toBeLessThanOrEqual(after + 50);
  }
  isSending = false;
  await sending;
  const running = await digestOf(data);
  await succeeded(['backup', '--to', backup, '--data', data]);
  await succeeded(['restore', '--from', backup, '--data', join(home, 'last')]);
  expect(await digestOf(join(home, 'last'))).toEqual(running);
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);

  const again = await startService([...CONFIG, '--data', join(home, 'last')]);
  expect((await clientOf(again.url, 1_000_000).send()).status).toBe(200);
  again.child.kill('SIGINT');
  expect((await again.ended).code).toBe(0);
});

it('backs up a directory whose service was killed, and refuses what is none', async () => {
  const home = temporaryDirectory();
  const [data, backup] = [join(home, 'data'), join(home, 'backup')];
  const service = await startService([...CONFIG, '--data', data]);
  const client = clientOf(service.url, 1);
  for (let i = 0; i < 5; i++) expect((await client.send()).status).toBe(200);
  service.child.kill('SIGKILL');
  await service.ended;
  await succeeded(['backup', '--to', backup, '--data', data]);
  await succeeded(['restore', '--from', backup, '--data', join(home, 'new')]);
  expect((await idsIn(join(home, 'new'))).sort((a, b) => a - b)).toEqual([...client.acknowledged]);
  expect(await digestOf(join(home, 'new'))).toEqual(await digestOf(data));
  expect((await millrace(['backup', '--data', data])).code).toBe(2);
  expect((await millrace(['restore', '--from', backup])).code).toBe(2);
  const none = await millrace(['restore', '--from', home, '--data', join(home, 'other')]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/There is no backup in /)]);
});
