/** A service whose PostgreSQL is killed, cut off, silent and away: nothing is lost, nothing comes twice, and nobody else waits. */
import { afterEach, expect, test } from 'vitest';
import { millrace, startService } from '../integration/millrace.ts';
import { proxy } from '../kafka/broker/proxy.ts';
import { AT, declareStream, type Place, place } from './postgres.ts';
import { onePostgres } from './postgres-script.ts';

type Way = Awaited<ReturnType<typeof proxy>>;

const PROXY_PORT = 19_433;
const KILLS = Number(process.env.KILLS ?? 3);
const proxies: Way[] = [];
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((each) => each.close()));
});

async function behindProxy(): Promise<{ readonly at: Place; readonly way: Way }> {
  const direct = new URL(onePostgres('url'));
  const way = await proxy(PROXY_PORT, Number(direct.port));
  proxies.push(way);
  const at = place();
  const stream = declareStream(
    at,
    'clicks',
    [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }],
    ', partitions: 2',
  );
  const window =
    'windows:\n  sums: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count(), total: sum(n) } }';
  direct.port = String(PROXY_PORT);
  at.write(`${stream}\n${window}`, '{ clicks: {}, sums: {}, clicks.dead-letters: {} }', direct.href);
  return { at, way };
}

/** Numbers from 0 to 1 that are the same for the same seed (Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

interface Stage {
  readonly id: string;
  readonly lag: number | null;
  readonly problem?: string;
}

async function stages(url: string): Promise<ReadonlyMap<string, Stage>> {
  const response = await fetch(`${url}/api/v1/overview`, { headers: { connection: 'close' } });
  const { stages: all }: { stages: readonly Stage[] } = JSON.parse(await response.text());
  return new Map(all.map((stage) => [stage.id, stage]));
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + 90_000;
  while (performance.now() < endMs) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not in time: ${what}`);
}

async function post(url: string, first: number, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: `k${(first + i) % 97}`, at: (first + i) * 10, n: first + i }),
  );
  const response = await fetch(`${url}/api/v1/streams/clicks/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', connection: 'close' },
    body: lines.join('\n'),
  });
  expect(response.status).toBeLessThan(300);
}

async function digests({ config, data }: Place): Promise<string[]> {
  const { stdout } = await millrace(['digest', '--config', config, '--data', data]);
  return stdout.split('\n').filter((line) => line.includes('warehouse.'));
}

test('after kills, cuts and silence at any moment the tables are those of a run without faults', async () => {
  const { at, way } = await behindProxy();
  const random = seeded(Number(process.env.FC_SEED ?? 20_181_001) || 1);
  const { child, url, ended } = await startService(['--config', at.config, '--data', at.data, '--quiet']);
  let sent = 0;
  for (let fault = 0; fault < KILLS * 3; fault++) {
    const endMs = performance.now() + 100 + random() * 900;
    while (performance.now() < endMs) {
      await post(url, sent, 50);
      sent += 50;
    }
    if (fault % 3 === 0) {
      onePostgres('kill');
      await post(url, sent, 50);
      sent += 50;
      onePostgres('start');
    } else if (fault % 3 === 1) {
      way.cut();
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      way.mend();
    } else {
      way.silence(true);
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      way.silence(false);
    }
  }
  await until(async () => (await stages(url)).get('warehouse')?.lag === 0, 'the store has everything');
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  expect(at.sql('SELECT count(*), count(DISTINCT n), min(n), max(n) FROM clicks')).toEqual([
    `${sent}|${sent}|0|${sent - 1}`,
  ]);
  const after = await digests(at);
  expect(after).toHaveLength(3);
  const { code } = await millrace(['replay', '--projection', 'warehouse', '--config', at.config, '--data', at.data]);
  expect(code).toBe(0);
  expect(await digests(at)).toEqual(after);
});

test('a server that is away makes no one else wait, is said to be away, and gets everything when it is back', async () => {
  const { at, way } = await behindProxy();
  way.cut();
  const { child, url, ended } = await startService(['--config', at.config, '--data', at.data, '--quiet']);
  await post(url, 0, 200);
  await until(async () => {
    const all = await stages(url);
    return all.get('duckdb')?.lag === 0 && all.get('sqlite')?.lag === 0 && all.get('warehouse')?.problem !== undefined;
  }, 'the others have it, and the store is said to be away');
  expect((await stages(url)).get('warehouse')?.problem).toMatch(/^PostgreSQL at 127\.0\.0\.1:19433: /);
  // The files of the other stores are looked through for damage after their opening, however far they are by then.
  await until(async () => (await fetch(`${url}/readyz`)).status === 200, 'the service is ready without the store');
  expect((await stages(url)).get('warehouse')?.problem).toBeDefined();
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('millrace_store_waiting{store="warehouse"} 1');
  way.mend();
  await until(async () => {
    const { lag, problem } = (await stages(url)).get('warehouse') ?? {};
    return lag === 0 && problem === undefined;
  }, 'the store has everything, and is said to wait no more');
  child.kill('SIGTERM');
  await ended;
  expect(at.sql('SELECT count(*) FROM clicks')).toEqual(['200']);
});

test('a table that is not the store’s, and a user without rights, are named with what to do, and the run says what is lacking', async () => {
  const at = place();
  const stream = declareStream(at, 'clicks', [{ name: 'id', type: 'string' }, AT]);
  at.write(stream, '[clicks]');
  at.sql(`CREATE SCHEMA ${at.schema}`);
  at.sql('CREATE TABLE clicks (id int)');
  const foreign = await at.run('clicks', [{ id: 'a', at: 1 }]);
  expect(foreign.code).toBe(69);
  expect(foreign.stderr).toMatch(
    /store warehouse lacks \d+ events: .*table clicks that is not of this store.*table: other/,
  );
  at.sql('DROP TABLE clicks');
  at.sql("CREATE ROLE guest LOGIN PASSWORD 'guest-secret'");
  const guest = new URL(onePostgres('url'));
  [guest.username, guest.password] = ['guest', 'guest-secret'];
  at.write(stream, '[clicks]', guest.href);
  const denied = await at.run('clicks', [{ id: 'a', at: 1 }]);
  expect(denied.code).toBe(69);
  expect(denied.stderr).toMatch(/permission denied for schema/);
  expect(denied.stderr).not.toContain('guest-secret');
  at.sql('DROP ROLE guest');
  at.write(stream, '[clicks]');
  expect((await at.run('clicks', [{ id: 'a', at: 1 }])).code).toBe(0);
  expect(at.sql('SELECT id FROM clicks')).toEqual(['a']);
});
