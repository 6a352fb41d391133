/** A declared stream through the whole pipeline: the same tables however it runs, and those of its schema of today. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deleteStores } from '../../src/channel/offline.ts';
import { ORDER_FIELDS, orderDigests, readOrders, runOrders } from './order-run.ts';
import { temporaryDirectory } from './script-run.ts';

const lines = Array.from({ length: 300 }, (_, i) =>
  i % 11 === 10
    ? { $tombstone: true, orderId: `o${i % 7}`, placedAt: i * 1000 }
    : { orderId: `o${(i * 5) % 13}`, placedAt: (i + (i % 4) * 3) * 1000, amount: i },
);
const WITH_COUNTRY = [...ORDER_FIELDS, { name: 'country', type: 'string', default: 'DE' }];

test('its tables are the same on 1, 2 and 4 partitions, in threads, and after the stores were deleted', async () => {
  const one = temporaryDirectory();
  await runOrders({ directory: one, lines });
  const expected = await readOrders(one, orderDigests);
  const gone = lines.filter((line) => '$tombstone' in line).length;
  expect(expected).toMatchObject([{ name: 'sqlite.orders' }, { name: 'duckdb.orders', rows: lines.length - gone }]);
  for (const [partitions, threads] of [
    [2, 0],
    [4, 2],
  ]) {
    const directory = temporaryDirectory();
    await runOrders({ directory, lines, partitions: partitions ?? 1, threads: threads ?? 0 });
    expect(await readOrders(directory, orderDigests)).toEqual(expected);
    const rebuilt = await readOrders(directory, orderDigests, () =>
      deleteStores(join(directory, 'data'), ['sqlite', 'duckdb']),
    );
    expect(rebuilt).toEqual(expected);
  }
});

test('a field that the schema is given later has its default in the rows of before', async () => {
  const directory = temporaryDirectory();
  const event = (orderId: string, placedAt: number) => ({ orderId, placedAt, amount: 1 });
  await runOrders({ directory, lines: [event('a', 1000), event('b', 2000)] });
  await runOrders({ directory, fields: WITH_COUNTRY, lines: [{ ...event('b', 3000), country: 'AT' }] });
  const [was, is] = await readOrders(directory, (offline) =>
    Promise.all([
      offline.query('duckdb', 'SELECT "orderId" AS id, country FROM orders ORDER BY "placedAt"'),
      offline.query('sqlite', 'SELECT "orderId" AS id, country FROM orders ORDER BY id'),
    ]),
  );
  expect(was).toEqual([
    { id: 'a', country: 'DE' },
    { id: 'b', country: 'DE' },
    { id: 'b', country: 'AT' },
  ]);
  expect(is).toEqual([
    { id: 'a', country: 'DE' },
    { id: 'b', country: 'AT' },
  ]);
});

test('a schema that can not read what the journal has is refused before anything is written', async () => {
  const directory = temporaryDirectory();
  const event = { orderId: 'a', placedAt: 1000, amount: 1 };
  await runOrders({ directory, lines: [event] });
  const required = [...ORDER_FIELDS, { name: 'country', type: 'string' }];
  await expect(runOrders({ directory, fields: required, lines: [{ ...event, country: 'AT' }] })).rejects.toThrow(
    `${join(directory, 'order.avsc')}: streams.orders.schema: events in the journal can't be read by it: no matching field for default-less Order.country`,
  );
  await runOrders({ directory, fields: WITH_COUNTRY, lines: [{ ...event, country: 'AT' }] });
  expect(await readOrders(directory, (offline) => offline.query('duckdb', 'SELECT country FROM orders'))).toEqual([
    { country: 'DE' },
    { country: 'AT' },
  ]);
});
