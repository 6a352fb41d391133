/** A thread that reads a file is asked to stop: to end it within a call of DuckDB, which reads Parquet, aborts the process. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, onTestFinished, test } from 'vitest';
import { transactionType } from '../../src/fraud/types.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';
import { startBatchPool } from '../../src/workers/pool.ts';

const ROWS = 400_000;

test('reading Parquet stops when it is cancelled, and the process lives on', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-cancel-'));
  const pool = startBatchPool(1);
  onTestFinished(async () => {
    await pool.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const path = join(directory, 'in.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT range AS "transactionId", range AS "customerId", range AS "terminalId", 100 AS "amountCents",
      epoch_ms(1522540800000 + range) AS "occurredAt" FROM range(${ROWS})) TO '${path}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  const task = {
    path,
    stream: 's',
    source: 'x',
    schema: transactionType.schema,
    keyField: 'customerId',
    positions: [0],
    format: STANDARD_FORMAT,
    known: [[]],
  };
  for (let round = 0; round < 3; round++) {
    const abort = new AbortController();
    let records = 0;
    const reading = pool.readInput(
      task,
      (message) => {
        if (message.kind !== 'chunk') return;
        records += message.records;
        reading.grant();
        // In the middle of what is read next.
        setTimeout(() => abort.abort(), round * 7);
      },
      abort.signal,
    );
    await expect(reading.done).rejects.toThrow(/cancelled/);
    expect(records).toBeGreaterThan(0);
    expect(records).toBeLessThan(ROWS);
  }
});
