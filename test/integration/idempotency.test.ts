/**
 * A client that repeats requests with their Idempotency-Key, and a real process that is killed with SIGKILL again and again:
 * each event is in the table once, counted by SQL.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { millrace, startService, temporaryDirectory } from './millrace.ts';

const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'n', type: 'long' },
  ],
};
/** More than one commit of a partition. */
const SIZES = [3, 500, 40_000];
const KILLS = 5;

test.each([0, 2])('with %i threads no event is lost, and none comes twice', { timeout: 240_000 }, async (threads) => {
  const directory = temporaryDirectory();
  const data = join(directory, 'data');
  const config = join(directory, 'p.yaml');
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  writeFileSync(
    config,
    `runtime: { threads: ${threads} }
streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: 3 }
windows:
  w: { stream: e, window: { tumbling: 1h }, aggregate: { n: count() } }
`,
  );
  let service = await startService(['--config', config, '--data', data]);
  let kills = 0;
  let sent = 0;
  let answered = 0;
  let repeated = 0;

  async function killed(): Promise<void> {
    service.child.kill('SIGKILL');
    await service.ended;
    kills += 1;
    service = await startService(['--config', config, '--data', data]);
  }
  /** Until it is answered; the process is killed once, `afterMs` after some of it came to a log. */
  async function send(size: number, afterMs: number): Promise<void> {
    const lines = Array.from({ length: size }, (_, i) => JSON.stringify({ k: `key ${i % 31}`, t: 1000, n: sent + i }));
    sent += size;
    const key = `"request ${sent}"`;
    let restarted: Promise<void> | null = null;
    const before = bytesInLogs(data);
    for (;;) {
      const asking = fetch(`${service.url}/api/v1/streams/e/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
        body: lines.join('\n'),
      }).catch(() => null);
      if (restarted === null) {
        while (bytesInLogs(data) === before) await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        restarted = killed();
      }
      const answer = await asking;
      await restarted;
      if (answer?.status !== 200) continue;
      const body: unknown = await answer.json().catch(() => null);
      if (body === null) continue;
      expect(body).toMatchObject({ accepted: size, deadLetters: 0 });
      answered += 1;
      if (JSON.stringify(body).includes('"repeated":true')) repeated += 1;
      return;
    }
  }

  for (let times = 0; times < KILLS; times++) await send(SIZES[times % SIZES.length]!, times * 5);
  expect(answered).toBe(KILLS);
  expect(kills).toBe(KILLS);
  service.child.kill('SIGTERM');
  await service.ended;
  const sql = 'SELECT count(*) AS n, count(DISTINCT n) AS d, max(n) AS last FROM e';
  const { stdout, code } = await millrace([
    'query',
    sql,
    '--data',
    data,
    '--config',
    config,
    '--store',
    'duckdb',
    '--json',
  ]);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain(String(sent));
  const [row] = JSON.parse(stdout);
  expect([Number(row.n), Number(row.d), Number(row.last)]).toEqual([sent, sent, sent - 1]);
  // At least one was cut where some of it was in, or the test shows nothing.
  expect(repeated).toBeGreaterThan(0);
});

function bytesInLogs(data: string): number {
  const journal = join(data, 'journal');
  const logs = readdirSync(journal).filter((log) => log.startsWith('e-'));
  const files = logs.flatMap((log) => readdirSync(join(journal, log)).map((file) => join(journal, log, file)));
  return files.filter((file) => file.endsWith('.log')).reduce((sum, file) => sum + statSync(file).size, 0);
}
