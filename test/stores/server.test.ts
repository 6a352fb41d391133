/** What scripts/postgres gives the other tests: a server that survives a kill, with logical replication and TLS. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { onePostgres } from './postgres-script.ts';

function psql(sql: string, parameters = ''): string {
  const { status, stdout, stderr } = spawnSync('psql', ['-XAtq', onePostgres('url') + parameters, '-c', sql], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

test('a killed server has what was committed, and nothing else', () => {
  psql('CREATE TABLE survivors (id int)');
  psql('INSERT INTO survivors SELECT generate_series(1, 1000)');
  onePostgres('kill');
  expect(() => psql('SELECT 1')).toThrow(/refused/);
  onePostgres('start');
  expect(psql('SELECT count(*) FROM survivors')).toBe('1000');
  psql('DROP TABLE survivors');
});

test('it speaks TLS, and decodes its log for replication', () => {
  expect(psql('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', '?sslmode=require')).toBe('t');
  expect(psql('SHOW wal_level')).toBe('logical');
});
