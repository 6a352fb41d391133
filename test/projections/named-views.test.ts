/** Streams as a statement names them, in DuckDB. */
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { namedViewsSql } from '../../src/projections/duckdb-named-views.ts';
import { streamTable } from '../../src/projections/stream-tables.ts';
import { TABLES } from '../../src/tables.ts';

const ORDERS = streamTable({
  name: 'shop.orders',
  key: 'id',
  timeField: 'at',
  schema: {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      {
        name: 'customer',
        type: {
          type: 'record',
          name: 'Customer',
          fields: [
            { name: 'name', type: 'string' },
            { name: 'home', type: { type: 'record', name: 'Place', fields: [{ name: 'city', type: 'string' }] } },
          ],
        },
      },
    ],
  },
});

test('a stream is found under its whole name, with the fields of its schema and records as structs', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE "shop.orders" AS SELECT 'o1' AS id, TIMESTAMP '2026-11-30' AS at,
    'Ada' AS "customer.name", 'Ulm' AS "customer.home.city", 0 AS partition, 7 AS log_offset`);
  await connection.run(`CREATE TABLE transactions AS SELECT 1 AS transaction_id, 2 AS customer_id, 3 AS terminal_id,
    400 AS amount_cents, TIMESTAMP '2026-11-30' AS occurred_at, 0 AS partition, 0 AS log_offset`);
  const named = [
    { name: 'payments.transactions', eventType: 'dev.millrace.Transaction' },
    { name: 'cards', eventType: 'dev.millrace.Transaction' },
    { name: 'a.b.c', eventType: 'dev.millrace.Transaction' },
  ];
  for (const sql of namedViewsSql(TABLES, named, [ORDERS])) await connection.run(sql);
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
  expect(await rows('SELECT id, customer.home.city, o.customer.name FROM shop.orders o')).toEqual([
    { id: 'o1', city: 'Ulm', name: 'Ada' },
  ]);
  expect(await rows('SELECT customerId, amountCents FROM payments.transactions')).toEqual([
    { customerId: 2, amountCents: 400 },
  ]);
  instance.closeSync();
});
