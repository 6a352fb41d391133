/** What the API offers of a declared stream: either store gives the row of an event in the same form. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { keySql, newestSql, typedRow } from '../../src/projections/stream-queries.ts';
import { type StreamTable, streamTable } from '../../src/projections/stream-tables.ts';
import { FIRST, shapeOf, WIDE, wideEvent } from './declared-fixture.ts';
import { createWorld } from './projection-fixture.ts';

test('the row of a key is the newest of its events', async () => {
  const world = await createWorld();
  const table = streamTable(shapeOf(WIDE));
  const duckdb = await world.open('duckdb', { streams: [table] });
  const sqlite = await world.open('sqlite', { streams: [table] });
  for (const seed of [1, 2, 3]) {
    const events = fc.sample(wideEvent, { numRuns: 60, seed });
    await world.appendTo('shop.orders', 0, dynamicEventType(WIDE).encodeBlock(events));
  }
  await world.project([duckdb, sqlite]);
  const rows = await duckdb.query(newestSql(table, 1000));
  expect(rows).toHaveLength(180);
  const times = rows.map(({ at }) => Number(at));
  expect(times).toEqual([...times].sort((a, b) => b - a));
  const keys = new Set(rows.map(({ id }) => String(id)));
  expect(keys.size).toBe(5);
  for (const key of keys) {
    const [row] = await sqlite.query(keySql(table, key) ?? '');
    const newest = rows.find(({ id }) => id === key) ?? {};
    const own = typedRow(table, row ?? {});
    expect(own).toEqual(newest);
  }
});

const ofKey = (type: 'long' | 'string' | readonly ['string', 'long']): StreamTable => {
  const fields = FIRST.fields.map((field) => (field.name === 'id' ? { name: 'id', type } : field));
  return streamTable(shapeOf({ ...FIRST, fields }));
};

test.each([
  ['long', [-7, 2 ** 53 - 2], ['-7', '9007199254740990'], ['x', '7', '1.5', '', '99999999999999999999']],
  ['string', ['', '7', "'; --", '\u0000\u{1f642}'], ['', '7', "'; --", '\u0000\u{1f642}'], ['x', '\u0000']],
  [['string', 'long'] as const, ['a', 7, '8'], ['a', '7', '8'], ['9', '"a"']],
] as const)('a key of %j is found as it is written', async (type, keys, written, unknown) => {
  const world = await createWorld();
  const table = ofKey(type);
  const store = await world.open('sqlite', { streams: [table] });
  const events = keys.map((id) => ({ id, at: 1, amount: 2, gone: 3 }));
  await world.appendTo('shop.orders', 0, table.type.encodeBlock(events));
  await world.project([store]);
  const found = async (text: string): Promise<number> => {
    const query = keySql(table, text);
    return query === null ? 0 : (await store.query(query)).length;
  };
  for (const text of written) expect([text, await found(text)]).toEqual([text, 1]);
  for (const text of unknown) expect([text, await found(text)]).toEqual([text, 0]);
});
