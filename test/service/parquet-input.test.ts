/** Parquet files through the whole pipeline. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { runFile } from './format-run.ts';
import { temporaryDirectory } from './script-run.ts';

async function parquet(select: string): Promise<string> {
  const path = join(temporaryDirectory(), 'in.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

const X = { name: 'x', type: ['null', 'long'], default: null };

test.each([1, 3])(
  'a row that does not fit is a dead letter at its number, as JSON, on %i partitions',
  async (partitions) => {
    const path = await parquet(`SELECT * FROM (VALUES
    ('a', TIMESTAMPTZ '1970-01-01 00:00:01+00', 1), ('b', TIMESTAMPTZ '1970-01-01 00:00:02+00', 9007199254740993),
    (NULL, TIMESTAMPTZ '1970-01-01 00:00:03.000001+00', 3), ('é', TIMESTAMPTZ '1970-01-01 00:00:04+00', NULL)) v(k, t, x)`);
    const { events, deadLetters, summary } = await runFile(path, null, { fields: [X], partitions });
    expect([...events].sort((a, b) => Number(a.t) - Number(b.t))).toEqual([
      { k: 'a', t: 1000, x: 1 },
      { k: 'b', t: 2000, x: Number(9007199254740993n) },
      { k: 'é', t: 4000, x: null },
    ]);
    expect(deadLetters).toMatchObject([
      { position: 3, reason: 'null-key', raw: '{"k":null,"t":"1970-01-01T00:00:03.000001Z","x":3}' },
    ]);
    expect(summary).toMatchObject({ in: 4, committed: 3, deadLetters: 1 });
  },
);

test('a column that can not be converted refuses the file, and says which', async () => {
  const path = await parquet("SELECT 'a' AS k, 5::BIGINT AS t, DATE '2018-04-01' AS x");
  await expect(runFile(path, null, { fields: [X] })).rejects.toThrow(
    'the column x is DATE, which has no exact form where the field x is union of null, long',
  );
});
