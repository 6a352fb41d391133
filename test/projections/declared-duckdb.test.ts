/** The table of a declared stream in the analytics store: each row is its event, whatever the schema. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DynamicEvent, dynamicEventType } from '../../src/messages/codec.ts';
import type { Row } from '../../src/projections/store.ts';
import { FIRST, LATER, shapeOf, WIDE, wideEvent } from './declared-fixture.ts';
import { createWorld, digests } from './projection-fixture.ts';

const wide = dynamicEventType(WIDE);
const first = dynamicEventType(FIRST);
const later = dynamicEventType(LATER);

/** All columns as numbers and texts, so that a row can be held against its event. */
const WIDE_ROWS = `SELECT id, epoch_ms("at") AS at, i, l::VARCHAR AS l, d::VARCHAR AS d, b, t, epoch_ms("when") AS when,
  day - DATE '1970-01-01' AS day, state, before, hex(raw) AS raw, hex(hash) AS hash, "place.city" AS city,
  "place.lat"::VARCHAR AS lat, "other.city" AS other_city, "other.lat"::VARCHAR AS other_lat, list, map, either,
  partition, log_offset FROM "shop.orders" ORDER BY partition, log_offset`;

function isRowOf(row: Row, event: DynamicEvent, partition: number, logOffset: number): void {
  const { l, d, lat, other_lat, raw, hash, list, map, either, ...plain } = row;
  const { place, other, ...fields } = event;
  const { id, at, i, b, t, when, day, state, before } = fields;
  const inner = (record: unknown): Record<string, unknown> => ({ ...Object(record) });
  expect(plain).toEqual({
    ...{ id, at, i, b, t, when, day, state, before, partition, log_offset: logOffset },
    ...{ city: inner(place).city, other_city: inner(other).city ?? null },
  });
  expect([l, d, lat, other_lat].map(numberOf)).toEqual(
    [fields.l, fields.d, inner(place).lat, inner(other).lat ?? null]
      .map((number) => (Number.isFinite(number) ? number : null))
      .map(numberOf),
  );
  const hexOf = (value: unknown) => (Buffer.isBuffer(value) ? value.toString('hex').toUpperCase() : null);
  expect([raw, hash]).toEqual([hexOf(fields.raw), hexOf(fields.hash)]);
  expect([list, map, either].map((json) => JSON.parse(String(json)))).toEqual([
    fields.list,
    { ...Object(fields.map) },
    fields.either,
  ]);
}

const numberOf = (value: unknown): number | null =>
  value === null ? null : Number(String(value).replace('inf', 'Infinity')) + 0;

describe('the table of a declared stream', () => {
  test('has a row an event that holds what the event held', async () => {
    const events = fc.sample(wideEvent, { numRuns: 4500, seed: 7 });
    const world = await createWorld();
    const store = await world.open('duckdb', { streams: [shapeOf(WIDE)] });
    for (let from = 0; from < events.length; from += 1500) {
      const own = events.slice(from, from + 1500);
      await world.appendTo('shop.orders', (from / 1500) % 2, wide.encodeBlock(own));
    }
    await world.project([store], 2000);
    await world.project([store]);
    const rows = await store.query(WIDE_ROWS);
    expect(rows).toHaveLength(4500);
    const inLogs = [...events.slice(0, 1500), ...events.slice(3000), ...events.slice(1500, 3000)];
    for (const [i, row] of rows.entries()) {
      isRowOf(row, inLogs[i] ?? {}, i < 3000 ? 0 : 1, i < 3000 ? i : i - 3000);
    }
  });

  test('holds events of the same record in the table of their own stream', async () => {
    const world = await createWorld();
    const store = await world.open('duckdb', { streams: [shapeOf(FIRST, 'a'), shapeOf(FIRST, 'b')] });
    await world.appendTo('a', 0, first.encodeBlock([{ id: 'x', at: 1, amount: 1, gone: 0 }]));
    await world.appendTo('b', 0, first.encodeBlock([{ id: 'y', at: 1, amount: 1, gone: 0 }]));
    await world.appendTo('c', 0, first.encodeBlock([{ id: 'z', at: 1, amount: 1, gone: 0 }]));
    await world.project([store]);
    expect(await store.query('SELECT id FROM a')).toEqual([{ id: 'x' }]);
    expect(await store.query('SELECT id FROM b')).toEqual([{ id: 'y' }]);
  });

  test('is rebuilt when the schema changes, with the defaults for events that were written before', async () => {
    const world = await createWorld();
    const before = await world.open('duckdb', { streams: [shapeOf(FIRST)] });
    await world.appendTo('shop.orders', 0, first.encodeBlock([{ id: 'a', at: 1, amount: 2, gone: 3 }]));
    await world.project([before]);
    await before.close();
    const after = await world.open('duckdb', { streams: [shapeOf(LATER)] });
    expect([...after.offsets()]).toEqual([]);
    const newer = { id: 'b', at: 2, amount: 0.5, added: 'x', country: 'AT' };
    await world.appendTo('shop.orders', 0, later.encodeBlock([newer]));
    await world.project([after]);
    const sql = 'SELECT id, amount, added, country FROM "shop.orders" ORDER BY id';
    expect(await after.query(sql)).toEqual([
      { id: 'a', amount: 2, added: null, country: 'DE' },
      { id: 'b', amount: 0.5, added: 'x', country: 'AT' },
    ]);
    await after.close();
    const back = await world.open('duckdb', { streams: [shapeOf(FIRST)] });
    expect([...back.offsets()]).toEqual([]);
  });

  test('is in the digest, the same on any number of partitions', async () => {
    const events = fc.sample(wideEvent, { numRuns: 200, seed: 3 });
    const digestOf = async (partitions: number): Promise<unknown> => {
      const world = await createWorld();
      const store = await world.open('duckdb', { streams: [shapeOf(WIDE)] });
      for (const [i, event] of events.entries()) {
        await world.appendTo('shop.orders', i % partitions, wide.encodeBlock([event]));
      }
      await world.project([store]);
      return (await digests([store])).find(({ table }) => table === 'shop.orders');
    };
    const one = await digestOf(1);
    expect(one).toMatchObject({ rows: 200 });
    expect(await digestOf(2)).toEqual(one);
    expect(await digestOf(4)).toEqual(one);
  });
});
