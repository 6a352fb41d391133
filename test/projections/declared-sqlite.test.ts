/** The table of a declared stream in the operations store: what each key is now. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DynamicEvent, dynamicEventType } from '../../src/messages/codec.ts';
import { tombstoneType } from '../../src/messages/types.ts';
import type { StreamShape } from '../../src/projections/stream-tables.ts';
import { FIRST, LATER, shapeOf, WIDE, wideEvent } from './declared-fixture.ts';
import { createWorld, digests } from './projection-fixture.ts';

const wide = dynamicEventType(WIDE);
const first = dynamicEventType(FIRST);
const ORDERS = 'shop.orders';

/** What comes to a stream: an event, or a tombstone for its key and time. */
interface Arrival {
  readonly event: DynamicEvent;
  readonly isGone: boolean;
}

const arrivals = fc.array(
  fc.record({ event: wideEvent, isGone: fc.boolean() }).map(({ event, isGone }): Arrival => ({ event, isGone })),
  { maxLength: 40 },
);

const blockOf = ({ event, isGone }: Arrival) =>
  isGone
    ? tombstoneType.encodeBlock([{ key: String(event.id), occurredAt: Number(event.at) }])
    : wide.encodeBlock([event]);

/** By the rule as it is written: the newest by event time, of two of a time the later arrival. */
function newestOf(all: readonly Arrival[]): Map<string, DynamicEvent> {
  const newest = new Map<string, Arrival>();
  for (const arrival of all) {
    const known = newest.get(String(arrival.event.id));
    if (known === undefined || Number(arrival.event.at) >= Number(known.event.at)) {
      newest.set(String(arrival.event.id), arrival);
    }
  }
  return new Map([...newest].flatMap(([key, { event, isGone }]) => (isGone ? [] : [[key, event]])));
}

/** Of so many partitions, with so many events in a transaction. */
async function rowsOf(all: readonly Arrival[], partitions: number, maxEvents: number) {
  const world = await createWorld();
  const store = await world.open('sqlite', { streams: [shapeOf(WIDE)] });
  for (const arrival of all) {
    const partition = String(arrival.event.id).length % partitions;
    await world.appendTo(ORDERS, partition, blockOf(arrival));
  }
  for (;;) if ((await world.project([store], maxEvents)).caughtUp) break;
  const rows = await store.query(`SELECT id, "at", i, l, t, b, state, "place.city", list FROM "${ORDERS}" ORDER BY id`);
  const digest = (await digests([store])).find(({ table }) => table === ORDERS);
  await store.close();
  return { rows, digest };
}

describe('the table of a declared stream', () => {
  test('has the newest event of each key, however many partitions and transactions there are', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 10 }), async (all, maxEvents) => {
        const one = await rowsOf(all, 1, maxEvents);
        const expected = [...newestOf(all).values()].map(({ id, at, i, l, t, b, state, place, list }) => ({
          ...{ id, at, i, l, t, b: b === null ? null : Number(b), state },
          ...{ 'place.city': Reflect.get(Object(place), 'city'), list: JSON.stringify(list) },
        }));
        expect(one.rows).toHaveLength(expected.length);
        expect(one.rows).toEqual(expect.arrayContaining(expected));
        expect((await rowsOf(all, 3, 1000)).digest).toEqual(one.digest);
      }),
      { numRuns: 25 },
    );
  });

  test('of more keys than are held back has them all', async () => {
    const world = await createWorld();
    const store = await world.open('sqlite', { streams: [shapeOf(FIRST)] });
    const keys = 45_000;
    for (const round of [0, 1]) {
      const events = Array.from({ length: keys }, (_, i) => ({ id: `${i}`, at: i + round, amount: round, gone: 0 }));
      await world.appendTo(ORDERS, 0, first.encodeBlock(events));
    }
    await world.project([store]);
    const sql = `SELECT count(*) AS n, sum(amount) AS newest FROM "${ORDERS}"`;
    expect(await store.query(sql)).toEqual([{ n: keys, newest: keys }]);
  });

  test('keeps nothing of what was rolled back', async () => {
    const world = await createWorld();
    const store = await world.open('sqlite', { streams: [shapeOf(FIRST)] });
    const columns = first.columns(first.encodeBlock([{ id: 'a', at: 1, amount: 2, gone: 3 }]));
    const section = {
      firstOffset: 0,
      typeName: 'dev.millrace.StreamEvents',
      window: null,
      columns: () => columns,
      objects: () => [],
    };
    await store.begin();
    store.project([section], { log: `${ORDERS}-0`, stream: ORDERS, partition: 0, committedAt: 0 });
    await store.rollback();
    await store.begin();
    await store.commit(new Map());
    expect(await store.query(`SELECT id FROM "${ORDERS}"`)).toEqual([]);
  });

  test('of whole numbers as keys takes their tombstones', async () => {
    const fields = FIRST.fields.map((field) => (field.name === 'id' ? { name: 'id', type: 'long' as const } : field));
    const shape: StreamShape = shapeOf({ ...FIRST, fields });
    const world = await createWorld();
    const store = await world.open('sqlite', { streams: [shape] });
    const type = dynamicEventType(shape.schema);
    await world.appendTo(
      ORDERS,
      0,
      type.encodeBlock([1, 2].map((id) => ({ id, at: 1, amount: 2, gone: 3 }))),
      tombstoneType.encodeBlock([{ key: 2, occurredAt: 1 }]),
    );
    await world.project([store]);
    expect(await store.query(`SELECT id FROM "${ORDERS}"`)).toEqual([{ id: 1 }]);
  });

  test('is rebuilt when the schema changes', async () => {
    const world = await createWorld();
    const before = await world.open('sqlite', { streams: [shapeOf(FIRST)] });
    await world.appendTo(ORDERS, 0, first.encodeBlock([{ id: 'a', at: 1, amount: 2, gone: 3 }]));
    await world.project([before]);
    await before.close();
    const after = await world.open('sqlite', { streams: [shapeOf(LATER)] });
    expect([...after.offsets()]).toEqual([]);
    await world.project([after]);
    expect(await after.query(`SELECT id, amount, added, country FROM "${ORDERS}"`)).toEqual([
      { id: 'a', amount: 2, added: null, country: 'DE' },
    ]);
    await after.close();
    const same = await world.open('sqlite', { streams: [shapeOf(LATER)] });
    expect([...same.offsets()]).toEqual([[`${ORDERS}-0`, 1]]);
  });
});
