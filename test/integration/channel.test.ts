/** The local channel of a running service, asked by real commands. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import {
  digestOf,
  finish,
  millrace,
  processesBelow,
  spawnMillrace,
  startService,
  temporaryDirectory,
} from './millrace.ts';
import { clientOf, projectedEvents } from './payments-client.ts';

const CONFIG = ['--config', 'test/integration/http.yaml'];
const POLL = { timeout: 20_000, interval: 50 };
const ENDLESS = {
  sqlite: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
  'sqlite rows': 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(n.i) FROM n, n AS m',
  duckdb: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
  'duckdb rows': 'SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b, range(10000000) AS c',
} as const;
const storeOf = (name: string): string => name.split(' ')[0] ?? '';

function query(data: string, store: string, sql: string, ...more: readonly string[]) {
  return millrace(['query', '--store', store, sql, '--data', data, '--json', ...more]);
}

it('answers while events come in, and nothing waits for a query that has no end, in either store', async () => {
  const data = temporaryDirectory();
  const service = await startService([...CONFIG, '--data', data]);
  const client = clientOf(service.url, 1);
  expect((await client.send()).status).toBe(200);
  expect(JSON.parse((await query(data, 'duckdb', 'SELECT count(*) AS n FROM transactions')).stdout)).toEqual([
    { n: client.acknowledged.size },
  ]);

  const endless = Object.entries(ENDLESS).map(([name, sql]) => query(data, storeOf(name), sql, '--timeout', '6s'));
  const pid = service.child.pid ?? 0;
  // A process for each of the two read models, and one for each query of SQLite.
  await expect.poll(() => processesBelow(pid).length, POLL).toBe(4);
  const before = await projectedEvents(service.url);
  const slowest = { health: 0, ingest: 0 };
  for (let i = 0; i < 30; i++) {
    const askedAt = performance.now();
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    slowest.health = Math.max(slowest.health, performance.now() - askedAt);
    const sentAt = performance.now();
    expect((await client.send()).status).toBe(200);
    slowest.ingest = Math.max(slowest.ingest, performance.now() - sentAt);
  }
  expect(slowest.health).toBeLessThan(1000);
  expect(slowest.ingest).toBeLessThan(2000);
  await expect.poll(() => projectedEvents(service.url), { ...POLL, timeout: 4000 }).toBeGreaterThan(before);

  for (const ended of await Promise.all(endless)) {
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/query was stopped after its time limit of 6 s; see --timeout/);
  }
  await expect.poll(() => processesBelow(pid).length, POLL).toBe(2);
  const counted = await query(data, 'sqlite', 'SELECT count(*) AS n FROM offsets');
  expect(JSON.parse(counted.stdout)[0].n).toBeGreaterThan(0);
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);
});

it('ends a query whose client has gone, and one that runs when the service stops', async () => {
  const data = temporaryDirectory();
  const service = await startService([...CONFIG, '--data', data]);
  const pid = service.child.pid ?? 0;
  const ask = () => spawnMillrace(['query', '--store', 'sqlite', ENDLESS.sqlite, '--data', data]);
  const gone = ask();
  await expect.poll(() => processesBelow(pid).length, POLL).toBe(3);
  gone.kill('SIGKILL');
  await expect.poll(() => processesBelow(pid).length, POLL).toBe(2);
  const asked = [finish(ask()), query(data, 'duckdb', ENDLESS.duckdb, '--timeout', '8s')];
  await expect.poll(() => processesBelow(pid).length, POLL).toBe(3);
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);
  for (const { code } of await Promise.all(asked)) expect(code).toBe(1);
  expect(existsSync(join(data, 'channel.sock'))).toBe(false);
});

it('cuts at the limit and says so, with a service and without, and gives the same digest either way', async () => {
  const data = temporaryDirectory();
  const service = await startService([...CONFIG, '--data', data]);
  const client = clientOf(service.url, 1);
  for (let i = 0; i < 3; i++) expect((await client.send()).status).toBe(200);
  const all = client.acknowledged.size;
  const sql = 'SELECT transaction_id FROM transactions';
  const check = async (): Promise<void> => {
    const cut = await query(data, 'duckdb', sql, '--limit', String(all - 1));
    expect(JSON.parse(cut.stdout)).toHaveLength(all - 1);
    expect(cut.stderr).toMatch(/more than .* rows; see --limit/);
    const whole = await query(data, 'duckdb', sql, '--limit', String(all));
    expect(JSON.parse(whole.stdout)).toHaveLength(all);
    expect(whole.stderr).toBe('');
    const many = await query(
      data,
      'sqlite',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
    );
    expect(JSON.parse(many.stdout)).toHaveLength(10_000);
    expect(many.stderr).toMatch(/more than 10,000 rows/);
    for (const store of ['sqlite', 'duckdb']) {
      const refused = await query(data, store, 'DELETE FROM offsets');
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(/Only a statement that reads/);
    }
    expect((await query(data, 'duckdb', sql, '--limit', '0')).code).toBe(2);
    expect((await query(data, 'duckdb', sql, '--timeout', 'soon')).code).toBe(2);
  };
  await check();
  const running = await digestOf(data);
  service.child.kill('SIGINT');
  await service.ended;
  await check();
  expect(await digestOf(data)).toEqual(running);
});

it('is there again after kill -9, and lets nobody but its user in', async () => {
  const data = temporaryDirectory();
  const first = await startService([...CONFIG, '--data', data]);
  first.child.kill('SIGKILL');
  await first.ended;
  expect(existsSync(join(data, 'channel.sock'))).toBe(true);
  // Nobody listens on the socket that is left: the command does its work by itself.
  expect((await query(data, 'sqlite', 'SELECT 1 AS n')).stdout).toBe('[{"n":1}]\n');
  const service = await startService([...CONFIG, '--data', data]);
  expect((await query(data, 'sqlite', 'SELECT 1 AS n')).stdout).toBe('[{"n":1}]\n');
  expect(statSync(join(data, 'channel.sock')).mode & 0o777).toBe(0o600);
  const connect = `require('net').connect(${JSON.stringify(join(data, 'channel.sock'))}).on('error', (error) => console.log(error.code)).on('connect', () => { console.log('in'); process.exit(); })`;
  execFileSync('chmod', ['755', data]);
  const stranger = execFileSync(process.execPath, ['-e', connect], { uid: 65534, gid: 65534, encoding: 'utf8' });
  expect(stranger.trim()).toBe('EACCES');
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);
});

it('has a short path elsewhere when that of the data directory is too long for a socket', async () => {
  const data = join(temporaryDirectory(), 'd'.repeat(120));
  mkdirSync(data);
  const service = await startService([...CONFIG, '--data', data]);
  const path = readFileSync(join(data, 'channel.path'), 'utf8');
  expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
  expect((await query(data, 'sqlite', 'SELECT 1 AS n')).stdout).toBe('[{"n":1}]\n');
  service.child.kill('SIGKILL');
  await service.ended;
  expect((await query(data, 'sqlite', 'SELECT 1 AS n')).stdout).toBe('[{"n":1}]\n');
  const again = await startService([...CONFIG, '--data', data]);
  expect(existsSync(dirname(path))).toBe(false);
  const other = readFileSync(join(data, 'channel.path'), 'utf8');
  again.child.kill('SIGINT');
  await again.ended;
  expect([existsSync(dirname(other)), existsSync(join(data, 'channel.path'))]).toEqual([false, false]);
});
