/** The process of the read models ends, again and again, as native code that fails or runs out of memory ends it. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { digestOf, millrace, processesBelow, startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn, projectedEvents } from './payments-client.ts';

const POLL = { timeout: 30_000, interval: 50 };

it.each(['SIGABRT', 'SIGKILL'] as const)(
  'is started again after %s, with no event lost or projected twice',
  async (signal) => {
    const data = temporaryDirectory();
    const service = await startService(['--config', 'test/integration/http.yaml', '--data', data]);
    const pid = service.child.pid ?? 0;
    const client = clientOf(service.url, 1);
    for (let death = 0; death < 4; death++) {
      // In the middle of a transaction, or while it is idle.
      for (let sent = 0; sent < 20; sent++) expect((await client.send()).status).toBe(200);
      if (death % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 1000));
      const [stores] = processesBelow(pid);
      process.kill(stores ?? 0, signal);
      await expect.poll(() => processesBelow(pid)[0] ?? stores, POLL).not.toBe(stores);
      // What reads waits for the next process.
      const answer = await fetch(`${service.url}/api/v1/dead-letters`);
      expect([answer.status, await answer.json()]).toEqual([200, []]);
    }
    const before = await projectedEvents(service.url);
    expect((await client.send()).status).toBe(200);
    await expect.poll(() => projectedEvents(service.url), POLL).toBeGreaterThan(before);
    expect(service.child.exitCode).toBeNull();
    const history = await fetch(`${service.url}/api/v1/actor-history?limit=1000`);
    const changes: { actor: string; error: string | null }[] = JSON.parse(await history.text());
    expect(
      changes.filter(({ actor, error }) => actor.startsWith('millrace/projector-') && error?.includes(signal)).length,
    ).toBeGreaterThan(0);
    service.child.kill('SIGINT');
    expect(await service.ended).toMatchObject({ code: 0, signal: null });
    const found = await idsIn(data);
    expect(new Set(found)).toEqual(client.acknowledged);
    expect(found).toHaveLength(client.acknowledged.size);
    const digest = await digestOf(data);
    expect((await millrace(['replay', '--data', data])).code).toBe(0);
    expect(await digestOf(data)).toEqual(digest);
  },
);

it('ends at once with a service that is killed, and the next one finds the files free', async () => {
  const data = temporaryDirectory();
  const service = await startService(['--config', 'test/integration/http.yaml', '--data', data]);
  const client = clientOf(service.url, 1);
  for (let sent = 0; sent < 20; sent++) expect((await client.send()).status).toBe(200);
  const [stores] = processesBelow(service.child.pid ?? 0);
  service.child.kill('SIGKILL');
  expect(new Set(await idsIn(data))).toEqual(client.acknowledged);
  await service.ended;
  expect(isRunning(stores ?? 0)).toBe(false);
});

/** One that has ended and that nobody has asked of is a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
