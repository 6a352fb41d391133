import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

it('a run whose process is killed goes on after the next start: done steps stay done, the interrupted one is tried again', async () => {
  const home = temporaryDirectory();
  const seen: string[] = [];
  let isSlow = true;
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers['idempotency-key']}`);
    if (request.url === '/second' && isSlow) return;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = join(home, 'p.yaml');
  writeFileSync(
    config,
    `streams: { weather: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
jobs:
  j:
    retries: { max: 2, delay: 1s }
    steps:
      first: { http: { url: "${url}/first" } }
      second: { http: { url: "${url}/second" }, needs: [first] }
      third: { http: { url: "${url}/third" }, needs: [second] }
`,
  );
  const data = join(home, 'data');
  const service = await startService(['--config', config, '--data', data]);
  const asked = await fetch(`${service.url}/api/v1/jobs/j/runs`, {
    method: 'POST',
    headers: { 'idempotency-key': 'k1' },
  });
  const { id } = JSON.parse(await asked.text());
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(2);
  service.child.kill('SIGKILL');
  await service.ended;
  isSlow = false;

  const again = await startService(['--config', config, '--data', data]);
  const stateOf = async (): Promise<unknown> => {
    const rows: { run_id: string; state: string }[] = JSON.parse(
      await (await fetch(`${again.url}/api/v1/runs`)).text(),
    );
    return rows.find((row) => row.run_id === id)?.state;
  };
  await expect.poll(stateOf, { timeout: 20_000 }).toBe('success');
  expect(seen).toEqual([`/first ${id}/first`, `/second ${id}/second`, `/second ${id}/second`, `/third ${id}/third`]);
  const repeated = await fetch(`${again.url}/api/v1/jobs/j/runs`, {
    method: 'POST',
    headers: { 'idempotency-key': 'k1' },
  });
  expect(await repeated.json()).toEqual({ id, message: 'was asked for before' });
  const shown = JSON.parse((await millrace(['job', 'show', id, '--data', data, '--json'])).stdout);
  expect(shown.steps).toMatchObject([
    { step: 'first', state: 'success', attempt: 1 },
    { step: 'second', state: 'success', attempt: 2 },
    { step: 'third', state: 'success', attempt: 1 },
  ]);
  again.child.kill('SIGTERM');
  expect(await again.ended).toMatchObject({ code: 0 });
  server.closeAllConnections();
  server.close();
});
