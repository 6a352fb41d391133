/** The jobs of config/maintenance.yaml, run by a service that goes on meanwhile: what they find wrong is an alert. */
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

it('a backup is restored and compared each night, and a damaged one is an alert that says what is damaged', async () => {
  const home = temporaryDirectory();
  const [data, backup] = [join(home, 'data'), join(home, 'backup')];
  const service = await startService(['--config', 'config/maintenance.yaml', '--data', data], { BACKUP_TO: backup });
  const run = async (job: string) => {
    const { code, stderr } = await millrace(['job', 'run', job, '--wait', '--data', data, '--json']);
    const [newest] = JSON.parse((await millrace(['job', 'runs', job, '--data', data, '--json'])).stdout);
    const shown = JSON.parse((await millrace(['job', 'show', newest.run_id, '--data', data, '--json'])).stdout);
    return { code, stderr, shown };
  };
  const transactions = async (): Promise<number> => {
    const logs: { log: string; nextOffset: number }[] = JSON.parse(
      (await millrace(['journal', 'inspect', '--data', data, '--json'])).stdout,
    ).logs;
    return logs.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
  };
  await expect.poll(transactions, { timeout: 60_000 }).toBeGreaterThan(500);

  const good = await run('nightly');
  expect({ code: good.code, shown: JSON.stringify(good.shown) }).toMatchObject({ code: 0 });
  const drilled = JSON.parse(good.shown.steps.find(({ step }: { step: string }) => step === 'drill').output);
  expect(drilled).toMatchObject({ comparedEvents: drilled.events });
  expect(existsSync(join(data, 'drill'))).toBe(false);
  expect((await run('weekly')).code).toBe(0);

  // A file that the next backup does not copy again.
  const schemas = readdirSync(join(backup, 'schemas'));
  appendFileSync(join(backup, 'schemas', schemas[0] ?? ''), ' ');
  const bad = await run('nightly');
  expect(bad.code).toBe(1);
  expect(JSON.stringify(bad.shown)).toContain(schemas[0]);
  const raised = JSON.stringify(await (await fetch(`${service.url}/api/v1/raised`)).json());
  expect(raised).toContain('job:nightly');
  service.child.kill('SIGTERM');
  expect(await service.ended).toMatchObject({ code: 0 });
});
