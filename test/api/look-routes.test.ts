/** What people look into a running service by, over HTTP: events in their places, statements, settings, machines, operators. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Served, serve } from '../../src/api/serve.ts';
import { loadConfig } from '../../src/config/load.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { type Service, startService } from '../../src/service.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const TOKEN = 'a-Secret-0f-the-file-9';
const ENVIRONMENT = { MILLRACE__LOG__LEVEL: 'warn', HOOK: 'https://hooks.example/very-secret' };
const CLICK = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'long' },
  ],
};
const PIPELINE = `name: look
http: { port: 0, token: ${TOKEN} }
streams:
  clicks:
    schema: click.avsc
    key: userId
    eventTime: occurredAt
    partitions: 2
    source: http
    watermark: { outOfOrderness: 1s }
windows:
  per_user: { stream: clicks, key: userId, window: { tumbling: 1s }, aggregate: { n: count() } }
`;
const clicks = Array.from({ length: 400 }, (_, i) => ({
  userId: `u${(i * 7919) % 11}`,
  occurredAt: 1_000 + i * 20,
  amount: (i * 31) % 101,
}));

/** What an answer holds is for the expectations to say. */
const jsonOf = async (answer: Response | Promise<Response>): Promise<ReturnType<typeof JSON.parse>> =>
  JSON.parse(await (await answer).text());

interface Found {
  readonly partition: number;
  readonly offset: number;
  readonly time: number;
  readonly event: (typeof clicks)[number];
}

describe('looking into a service', { timeout: 30_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-look-'));
  const file = join(directory, 'pipeline.yaml');
  let service: Service;
  let served: Served;
  beforeAll(async () => {
    writeFileSync(join(directory, 'click.avsc'), JSON.stringify(CLICK));
    writeFileSync(file, PIPELINE);
    const flags = [{ path: ['data'], text: join(directory, 'data'), origin: '--data' }];
    const config = loadConfig(file, ENVIRONMENT, flags);
    service = await startService({ config, logger, version: '', attach: () => [] });
    served = await serve(service, settingsOf(config, readFileSync(file, 'utf8'), file, ENVIRONMENT, flags));
    for (const half of [clicks.slice(0, 200), clicks.slice(200)]) {
      const body = half.map((click) => JSON.stringify(click)).join('\n');
      const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${TOKEN}` };
      const url = `${served.url}api/v1/streams/clicks/events`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
    }
    await vi.waitFor(
      async () => expect((await query('SELECT count(*) AS n FROM clicks')).rows).toEqual([{ n: clicks.length }]),
      { timeout: 20_000, interval: 50 },
    );
  });
  afterAll(async () => {
    await served.close();
    await service.stop();
    await served.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const get = (path: string): Promise<Response> => fetch(`${served.url}api/v1/${path}`);
  const query = async (sql: string, more = '') => {
    const answer = await get(`query?store=duckdb&sql=${encodeURIComponent(sql)}${more}`);
    return { status: answer.status, ...(await jsonOf(answer)) };
  };
  const put = (name: string, body: object, token = TOKEN): Promise<Response> =>
    fetch(`${served.url}api/v1/queries/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const events = async (parameters: string): Promise<Found[]> => {
    const all: Found[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await get(`streams/clicks/events?${parameters}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(answer.status).toBe(200);
      all.push(...(await jsonOf(answer)));
      cursor = answer.headers.get('x-next-cursor');
    }
    return all;
  };
  const byTime = (found: readonly Found[]) =>
    found.map(({ event }) => event).sort((a, b) => a.occurredAt - b.occurredAt);

  test('page by page the events of a condition are those that DuckDB selects, each once', async () => {
    const found = await events(`where=${encodeURIComponent("amount > 50 AND userId <> 'u3'")}&limit=7`);
    const { rows } = await query(
      "SELECT userId, epoch_ms(occurredAt) AS occurredAt, amount FROM clicks WHERE amount > 50 AND userId <> 'u3' ORDER BY 2",
    );
    expect(rows.length).toBeGreaterThan(100);
    expect(byTime(found)).toEqual(rows);
    const one = found[0];
    const at = await get(`streams/clicks/events/${one?.partition}/${one?.offset}`);
    expect(await jsonOf(at)).toEqual(one);
  });

  test('events of a key are all in its partition, newest first', async () => {
    const found = await events('key=u5&limit=500');
    expect(byTime(found)).toEqual(clicks.filter(({ userId }) => userId === 'u5'));
    expect(new Set(found.map(({ partition }) => partition)).size).toBe(1);
    const offsets = found.map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => b - a));
  });

  test('a condition that is none, an offset of nothing and a partition that is not there are told apart', async () => {
    const wrong = await get('streams/clicks/events?where=amount%20%3E%3E%205');
    expect([wrong.status, (await jsonOf(wrong)).hint]).toEqual([400, expect.stringContaining('>')]);
    const unknown = await get('streams/clicks/events?where=amuont%20%3E%205');
    expect((await jsonOf(unknown)).hint).toContain('amount');
    expect((await get('streams/clicks/events/0/999999')).status).toBe(404);
    expect((await get('streams/clicks/events/x/0')).status).toBe(404);
    expect((await get('streams/clicks/events?partition=2')).status).toBe(400);
    expect((await get('streams/none/events')).status).toBe(404);
  });

  test('a statement that writes is refused, and one without an end ends', async () => {
    expect(await query('DROP TABLE clicks')).toMatchObject({ status: 400, error: 'query-refused' });
    expect(await query("SELECT * FROM read_csv('/etc/passwd')")).toMatchObject({ status: 400 });
    const endless = 'SELECT count(*) FROM range(1000000000000) AS a, range(1000000) AS b';
    expect(await query(endless, '&timeout=1')).toMatchObject({ status: 503, error: 'query-too-slow' });
    expect(await query('SELECT amount FROM clicks', '&limit=3')).toMatchObject({ isCut: true, columns: ['amount'] });
    const csv = await get(`query?store=duckdb&format=csv&sql=${encodeURIComponent("SELECT 1 AS a, '=x' AS b")}`);
    expect(await csv.text()).toBe("a,b\r\n1,'=x\r\n");
    expect((await get('query?store=none&sql=SELECT%201')).status).toBe(400);
  });

  test('a saved query is there at once, is replaced by its name and can be removed; one that drops a table is not saved', async () => {
    const dropping = await put('drop', { store: 'duckdb', sql: 'DROP TABLE clicks' });
    expect([dropping.status, (await jsonOf(dropping)).error]).toEqual([400, 'query-refused']);
    expect((await put('per user', { store: 'duckdb', sql: 'SELECT 1' }, 'nobody')).status).toBe(401);
    for (const sql of ['SELECT 1', 'SELECT 2']) {
      expect((await put('per user', { store: 'sqlite', sql })).status).toBe(200);
    }
    const saved = async () =>
      (await jsonOf(get('queries'))).map((row: { name: string; sql: string }) => [row.name, row.sql]);
    expect(await saved()).toEqual([['per user', 'SELECT 2']]);
    const remove = () =>
      fetch(`${served.url}api/v1/queries/per%20user`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${TOKEN}` },
      });
    expect((await remove()).status).toBe(200);
    expect((await remove()).status).toBe(404);
    expect(await saved()).toEqual([]);
  });

  test('a dead letter is taken again once it can be, by an operator alone, and only once', async () => {
    const headers = { 'content-type': 'application/x-ndjson', authorization: `Bearer ${TOKEN}` };
    const late = { userId: 'u1', occurredAt: 2_000, amount: 1 };
    const body = `${JSON.stringify(late)}\n{"broken`;
    await fetch(`${served.url}api/v1/streams/clicks/events`, { method: 'POST', headers, body });
    const letters = await vi.waitFor(
      async () => {
        const found = await jsonOf(get('dead-letters'));
        expect(found).toHaveLength(1);
        return found;
      },
      { timeout: 10_000, interval: 50 },
    );
    const ids = [`${letters[0].log}:${letters[0].offset}`];
    const replay = (token: string, asked: object) =>
      fetch(`${served.url}api/v1/dead-letters/replay`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      });
    expect((await replay('nobody', { ids })).status).toBe(401);
    expect((await replay(TOKEN, { ids: [] })).status).toBe(400);
    expect((await replay(TOKEN, { ids: [7] })).status).toBe(400);
    const outcomes = await jsonOf(replay(TOKEN, { ids }));
    expect(outcomes).toMatchObject([{ id: ids[0], outcome: 'refused' }]);
    expect(await jsonOf(replay(TOKEN, { ids: ['none-0:1'] }))).toEqual([]);
  });

  test('each setting says who set it, and no secret is among them', async () => {
    const answer = await (await get('settings')).text();
    expect(answer).not.toContain(TOKEN);
    const settings: { path: string; value: string; source: string }[] = JSON.parse(answer);
    const of = (path: string) => settings.find((setting) => setting.path === path);
    expect(of('data')?.source).toBe('--data');
    expect(of('log.level')).toMatchObject({ value: '"warn"', source: 'MILLRACE__LOG__LEVEL' });
    expect(of('http.port')).toMatchObject({ value: '0', source: `${file}:2` });
    expect(of('http.token')?.source).toBe(`${file}:2`);
    expect(of('http.host')?.source).toBe('default');
    expect(of('streams.clicks.partitions')).toMatchObject({ value: '2', source: `${file}:8` });
    expect(settings.every(({ path }) => path.length > 0)).toBe(true);
  });

  test('every actor is in a state of the machine of its kind', async () => {
    interface Actor {
      readonly kind: string;
      readonly state: string;
      readonly children: readonly Actor[];
    }
    const machines: {
      kinds: string[];
      states: { name: string; isInitial: boolean }[];
      transitions: { to: string }[];
    }[] = await jsonOf(get('actor-machines'));
    for (const { states, transitions } of machines) {
      expect(states.filter(({ isInitial }) => isInitial).length).toBeGreaterThan(0);
      const names = states.map(({ name }) => name);
      expect(transitions.filter(({ to }) => !names.includes(to))).toEqual([]);
    }
    const flat = (actor: Actor): Actor[] => [actor, ...actor.children.flatMap(flat)];
    const actors = flat(await jsonOf(get('actors')));
    const known = actors.filter(({ kind }) => machines.some(({ kinds }) => kinds.includes(kind)));
    expect(known.length).toBeGreaterThan(6);
    for (const { kind, state } of known) {
      const machine = machines.find(({ kinds }) => kinds.includes(kind));
      expect([kind, machine?.states.map(({ name }) => name)]).toEqual([kind, expect.arrayContaining([state])]);
    }
  });

  test('an operator says what it takes and gives, and how long it was at work', async () => {
    const [own, ...others]: { readonly [name: string]: unknown; readonly busyShare: number }[] = await jsonOf(
      get('operators'),
    );
    expect(others).toEqual([]);
    expect(own).toMatchObject({ id: 'window:per_user', inputs: ['clicks'], outputs: ['per_user'], bytes: null });
    expect(own?.partitions).toHaveLength(2);
  });
});
