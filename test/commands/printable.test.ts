/** What commands print of events whose texts would take over a terminal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { millrace } from './millrace.ts';

const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202etxt\r\nnext\tcell';
const CONTROLS = /[^\P{Cc}\t\n]|[\u2028-\u202e\u2066-\u2069]/u;

test('is escaped in tables, JSON, the journal and errors', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-printable-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const field = (name: string, type: unknown) => ({ name, type });
  const at = { type: 'long', logicalType: 'timestamp-millis' };
  const record = { type: 'record', name: 'E', fields: [field('k', 'string'), field('at', at)] };
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(record));
  writeFileSync(
    join(directory, 'p.yaml'),
    'name: p\ndata: ./data\nstreams:\n  e: {schema: e.avsc, key: k, eventTime: at, partitions: 1, source: http}\n',
  );
  writeFileSync(
    join(directory, 'in.jsonl'),
    `${JSON.stringify({ k: EVIL, at: 1 })}\n${JSON.stringify({ k: EVIL, [EVIL]: 1, at: EVIL })}\n`,
  );
  const data = join(directory, 'data');
  const run = await millrace([
    'run',
    '--config',
    join(directory, 'p.yaml'),
    '--input',
    `e=${join(directory, 'in.jsonl')}`,
    '--data',
    data,
  ]);
  expect(run).toMatchObject({ code: 0 });

  const sql = 'SELECT k FROM e';
  for (const store of ['sqlite', 'duckdb']) {
    const table = await millrace(['query', '--store', store, sql, '--data', data]);
    expect(table.stdout).not.toMatch(CONTROLS);
    // A title, a line, a row.
    expect(table.stdout.trim().split('\n')).toHaveLength(3);
    const json = await millrace(['query', '--store', store, sql, '--data', data, '--json']);
    expect(json.stdout).not.toMatch(CONTROLS);
    expect(JSON.parse(json.stdout)).toEqual([{ k: EVIL }]);
    const title = await millrace(['query', '--store', store, `SELECT 1 AS "${EVIL.replace('"', '')}"`, '--data', data]);
    expect([title.code, title.stdout]).toEqual([0, expect.not.stringMatching(CONTROLS)]);
    const wrong = await millrace(['query', '--store', store, `SELECT "${EVIL}" FROM nowhere`, '--data', data]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.not.stringMatching(CONTROLS)]);
  }
  const letters = await millrace(['query', '--store', 'sqlite', 'SELECT * FROM dead_letters', '--data', data]);
  expect([letters.code, letters.stdout]).toEqual([0, expect.not.stringMatching(CONTROLS)]);
  const cat = await millrace(['journal', 'cat', 'e', '--data', data]);
  expect(cat.stdout).not.toMatch(CONTROLS);
  expect(JSON.parse(cat.stdout.split('\n')[0] ?? '').event.k).toBe(EVIL);
  expect((await millrace(['journal', 'inspect', '--data', data])).stdout).not.toMatch(CONTROLS);
});
