/** Which files a pattern stands for: those that DuckDB's glob finds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, test } from 'vitest';
import { allFilesOf, filesOf } from '../../src/sources/file/paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-paths-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const FILES = [
  'a.csv',
  'b.csv',
  'b+.csv',
  'c1.csv',
  'c2.csv',
  'c10.csv',
  'd.jsonl',
  'in/a.csv',
  'in/x/b.csv',
  'in/y/c.csv',
  'in/y/z/d.csv',
];
for (const file of [...FILES, '.hidden.csv', 'literal[1].csv']) {
  mkdirSync(join(directory, file, '..'), { recursive: true });
  writeFileSync(join(directory, file), '');
}

test('patterns find what DuckDB finds, in order of their names', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const pattern of [
    '*.csv',
    '?.csv',
    'c?.csv',
    'c[12].csv',
    '[a-b]*.csv',
    '[!a]?.csv',
    '**/*.csv',
    'in/*/*.csv',
    'in/**/d.csv',
    'none/*.csv',
    '*',
  ]) {
    const rows = await connection.runAndReadAll(`SELECT file FROM glob('${join(directory, pattern)}')`);
    const found = rows.getRows().map(([file]) => String(file));
    expect([pattern, filesOf(join(directory, pattern))]).toEqual([
      pattern,
      found.filter((file) => !file.includes('/.')).sort(),
    ]);
  }
  connection.closeSync();
  instance.closeSync();
});

test('a name that is there is itself, whatever it is made of, and each file is read once', () => {
  const literal = join(directory, 'literal[1].csv');
  expect(filesOf(literal)).toEqual([literal]);
  expect(filesOf('absent.csv')).toEqual(['absent.csv']);
  const both = allFilesOf([join(directory, 'c1.csv'), join(directory, 'c*.csv')]);
  expect(both.map((file) => file.slice(directory.length + 1))).toEqual(['c1.csv', 'c10.csv', 'c2.csv']);
});
