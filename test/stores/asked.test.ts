/** What a store says when it is asked: over TLS, by doctor, by dlq, and of rights that it lacks. */
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { millrace } from '../integration/millrace.ts';
import { AT, declareStream, place } from './postgres.ts';
import { onePostgres } from './postgres-script.ts';

const CERTIFICATE = join(tmpdir(), 'millrace-postgres-test-one', 'server.crt');
const FIELDS = [{ name: 'id', type: 'string' }, AT];

test('a store over TLS goes by a certificate that is checked, and says why one does not do', async () => {
  const at = place();
  const stream = declareStream(at, 'clicks', FIELDS);
  const url = (more: string): string => `${onePostgres('url')}?${more}`;
  at.write(stream, '[clicks]', url(`sslmode=verify-full&sslrootcert=${CERTIFICATE}`));
  expect((await at.run('clicks', [{ id: 'a', at: 1 }])).code).toBe(0);
  expect(at.sql('SELECT id FROM clicks')).toEqual(['a']);
  at.write(stream, '[clicks]', url('sslmode=verify-full'));
  const asked = await millrace(['doctor', '--config', at.config, '--data', at.data]);
  expect(asked.code).toBe(3);
  expect(asked.stdout).toMatch(/FAIL {2}store warehouse +PostgreSQL at 127\.0\.0\.1:\d+: self[- ]signed certificate/);
});

test('doctor asks stores whether they take what they would get', async () => {
  const at = place();
  const stream = declareStream(at, 'clicks', FIELDS);
  const doctor = async (): Promise<string> => {
    const { stdout } = await millrace(['doctor', '--config', at.config, '--data', at.data]);
    return stdout
      .split('\n')
      .filter((line) => line.includes('store '))
      .join('\n');
  };
  at.write(stream, '[clicks]\n  lake: { lake: { path: ./lake }, tables: [clicks] }');
  expect(await doctor()).toMatch(
    /ok {4}store warehouse PostgreSQL \d+.*schema s\d+_\d+, to be made\nok {4}store lake +.*lake, to be made/,
  );
  at.sql(`CREATE SCHEMA ${at.schema}; CREATE ROLE reader LOGIN PASSWORD 'r'`);
  const url = new URL(onePostgres('url'));
  url.username = 'reader';
  url.password = 'r';
  at.write(stream, '[clicks]', url.href);
  expect(await doctor()).toMatch(/FAIL {2}store warehouse the user reader may not make tables in the schema/);
  at.sql('DROP ROLE reader');
});

test('rows that a store had no place for are listed by dlq, and a window is exported', async () => {
  const at = place();
  const windows = 'windows:\n  sums: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count() } }';
  at.write(`${declareStream(at, 'clicks', FIELDS)}\n${windows}`, '[clicks]');
  const events = [
    { id: 'a', at: 1 },
    { id: 'nul \u0000', at: 2 },
    { id: 'a', at: 3 },
  ];
  expect((await at.run('clicks', events)).code).toBe(0);
  const { stdout } = await millrace([
    'dlq',
    'list',
    '--store',
    'warehouse',
    '--config',
    at.config,
    '--data',
    at.data,
    '--json',
  ]);
  const refused: readonly Readonly<Record<string, unknown>>[] = JSON.parse(stdout);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({ table_name: 'clicks', log: 'clicks-0', log_offset: 1 });
  const listed = await millrace(['dlq', 'list', '--config', at.config, '--data', at.data, '--json']);
  expect(JSON.parse(listed.stdout)).toEqual([
    expect.objectContaining({ id: 'clicks-0:1', source: 'store warehouse', reason: 'refused-by-store' }),
  ]);
  mkdirSync(join(at.directory, 'out'));
  const file = join(at.directory, 'out', 'sums.jsonl');
  const exported = await millrace(['export', 'sums', '--to', file, '--data', at.data]);
  expect(exported.stderr).toContain('2 events of sums');
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ key: 'a', count: 2 }));
});
