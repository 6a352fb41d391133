/** `millrace run` as a real process, over generated card transactions in a CSV of the Handbook's columns. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { simulateDays } from '../../src/fraud/simulator.ts';
import { digestOf, finish, millrace, spawnMillrace, temporaryDirectory } from './millrace.ts';

const CONFIG = 'config/handbook.yaml';
const STREAM = 'payments.transactions';
const DAYS = 12;

let input = '';
let rows = 0;

beforeAll(() => {
  const lines = ['transaction_id,occurred_at,customer_id,terminal_id,amount_cents,fraud,scenario'];
  const startAt = Date.UTC(2018, 3, 1);
  for (const { transactions, scenarios } of simulateDays({
    seed: 7,
    customers: 3000,
    terminals: 5000,
    startAt,
    days: DAYS,
  })) {
    for (const [i, { transactionId, customerId, terminalId, amountCents, occurredAt }] of transactions.entries()) {
      const at = `${new Date(occurredAt).toISOString().slice(0, 19)}Z`;
      const scenario = scenarios[i] ?? 0;
      lines.push([transactionId, at, customerId, terminalId, amountCents, scenario === 0 ? 0 : 1, scenario].join(','));
    }
  }
  rows = lines.length - 1;
  input = join(temporaryDirectory(), 'transactions.csv.gz');
  writeFileSync(input, gzipSync(`${lines.join('\n')}\n`));
});

function run(data: string, ...more: string[]) {
  return ['run', '--config', CONFIG, '--input', `${STREAM}=${input}`, '--data', data, '--json', '--quiet', ...more];
}

describe('millrace run', () => {
  it('commits every line once, and its read models agree with plain sums over the input', async () => {
    const data = temporaryDirectory();
    const { code, stdout, stderr } = await millrace(run(data));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ in: rows, committed: rows, deadLetters: 0, late: 0 });
    const sql = `SELECT count(*) AS n, count(DISTINCT transaction_id) AS ids,
      (SELECT sum(count) FROM windows WHERE window_name = 'payments_per_minute') AS in_minutes,
      (SELECT sum(count) FROM windows WHERE window_name = 'spend_per_customer_day') AS in_days,
      (SELECT sum(count) FROM sessions) AS in_sessions, (SELECT count(*) FROM scores) AS scores FROM transactions`;
    const answer = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    const all = { n: rows, ids: rows, in_minutes: rows, in_days: rows, in_sessions: rows, scores: rows };
    expect(JSON.parse(answer.stdout)).toEqual([all]);
  });

  it('computes the windows that DuckDB computes from the transactions', async () => {
    const data = temporaryDirectory();
    await millrace(run(data));
    const sql = `WITH expected AS (
        SELECT time_bucket(INTERVAL '1 minute', occurred_at) AS start_at, count(*) AS n, sum(amount_cents) AS total,
          max(amount_cents) AS largest FROM transactions GROUP BY 1),
      ours AS (SELECT start_at, count AS n, (aggregates ->> '$.total')::DOUBLE AS total,
          (aggregates ->> '$.largest')::DOUBLE AS largest FROM windows WHERE window_name = 'payments_per_minute')
      SELECT count(*) AS windows, count(*) FILTER (expected.n = ours.n AND expected.total = ours.total
        AND expected.largest = ours.largest) AS equal FROM expected FULL JOIN ours USING (start_at)`;
    const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    const [{ windows, equal }] = JSON.parse(stdout);
    expect(windows).toBeGreaterThan(DAYS * 1000);
    expect(equal).toBe(windows);
  });

  it('has the same digest on 1 and 4 partitions, and after its stores were deleted and replayed', async () => {
    const one = temporaryDirectory();
    const four = temporaryDirectory();
    await millrace(run(one, '--partitions', '1'));
    await millrace(run(four, '--partitions', '4'));
    const digest = await digestOf(four);
    expect(digest.length).toBeGreaterThan(10);
    expect(await digestOf(one)).toEqual(digest);
    for (const file of ['operations.sqlite', 'analytics.duckdb', 'analytics.duckdb.wal'])
      rmSync(join(four, file), { force: true });
    expect((await millrace(['replay', '--data', four])).code).toBe(0);
    expect(await digestOf(four)).toEqual(digest);
  });

  it('killed with SIGKILL at 20 moments and resumed, it ends where an undisturbed run ends', async () => {
    const calm = temporaryDirectory();
    await millrace(run(calm));
    const data = temporaryDirectory();
    let kills = 0;
    for (let attempt = 0; attempt < 20; attempt++) {
      // From before the first commit to well into the run; the fractional part of multiples of the golden ratio.
      const { signal } = await finish(spawnMillrace(run(data)), 300 + Math.round(((attempt * 0.618) % 1) * 900));
      if (signal === 'SIGKILL') kills += 1;
    }
    expect(kills).toBeGreaterThan(10);
    const { code, stdout } = await millrace(run(data));
    expect(code).toBe(0);
    const { in: read, already, committed, deadLetters } = JSON.parse(stdout);
    expect({ read, kept: already + committed, deadLetters }).toEqual({ read: rows, kept: rows, deadLetters: 0 });
    expect(await digestOf(data)).toEqual(await digestOf(calm));
  });
});

describe('bad input to millrace run', () => {
  it('turns each bad line into a dead letter that says where and why, and loses nothing', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'bad.jsonl');
    const good = { transactionId: 1, customerId: 2, terminalId: 3, amountCents: 400, occurredAt: 1_522_540_800_000 };
    const bad: readonly [line: string, reason: string][] = [
      ['{"transactionId": 1,', 'not-json'],
      [JSON.stringify({ ...good, colour: 'red' }), 'unknown-field'],
      [JSON.stringify({ ...good, amountCents: 'a lot' }), 'wrong-type'],
      [JSON.stringify({ ...good, customerId: null }), 'null-key'],
      [JSON.stringify(good).replace('400', '90071992547409931'), 'too-large'],
      [`{"transactionId":"${'x'.repeat(100_000_000)}"}`, 'too-large'],
    ];
    writeFileSync(
      file,
      [JSON.stringify(good), ...bad.map(([line]) => line), JSON.stringify({ ...good, transactionId: 2 })].join('\n'),
    );
    const output = join(directory, 'out.jsonl');
    const words = [
      'run',
      '--config',
      CONFIG,
      '--input',
      `${STREAM}=${file}`,
      '--data',
      join(directory, 'data'),
      '--json',
    ];
    const { code, stdout } = await millrace([...words, '--fail-on-dead-letter', '--output', output]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ in: 8, committed: 2, deadLetters: 6 });
    const sql = 'SELECT position, reason FROM dead_letters ORDER BY position';
    const letters = await millrace(['query', '--store', 'sqlite', sql, '--data', join(directory, 'data'), '--json']);
    expect(JSON.parse(letters.stdout)).toEqual(bad.map(([, reason], i) => ({ position: i + 2, reason })));
  });

  it('refuses a data directory in use, one that can not be written, and names a wrong stream', async () => {
    const data = temporaryDirectory();
    const first = spawnMillrace(['start', '--port', '0', '--data', data]);
    const ended = finish(first);
    await new Promise((resolve) => first.stdout?.once('data', resolve));
    const second = await millrace(run(data));
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('in use');
    first.kill('SIGINT');
    expect((await ended).code).toBe(0);
    const nowhere = await millrace(run('/dev/null/millrace'));
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('/dev/null/millrace');
    const wrong = join(temporaryDirectory(), 'wrong.csv');
    writeFileSync(wrong, 'transaction_id,colour\n1,red\n');
    const columns = await millrace(['run', '--config', CONFIG, '--input', `${STREAM}=${wrong}`, '--quiet']);
    expect(columns.code).toBe(1);
    expect(columns.stderr).toContain(`millrace: ${wrong}: line 1: the column colour is no field of Transaction`);
    for (const store of ['sqlite', 'duckdb']) {
      const sql = await millrace(['query', '--store', store, 'SELECT nonsense', '--data', data]);
      expect(sql.code).toBe(1);
      expect(sql.stderr).toContain('nonsense');
    }
    const typo = await millrace(['run', '--config', CONFIG, '--input', `payments.transaction=${input}`]);
    expect(typo.code).toBe(78);
    expect(typo.stderr).toContain('did you mean payments.transactions?');
  });
});
