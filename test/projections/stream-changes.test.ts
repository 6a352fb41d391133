/** A stream that comes or goes changes its own tables, and nothing of what else a store holds. */
import { expect, test } from 'vitest';
import { transactionType } from '../../src/fraud/types.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { isLogOf } from '../../src/projections/stream-changes.ts';
import { FIRST, LATER, shapeOf } from './declared-fixture.ts';
import { createWorld, digests, STORES, transaction, type World } from './projection-fixture.ts';

const first = dynamicEventType(FIRST);
const order = (id: string) => first.encodeBlock([{ id, at: 1, amount: 2, gone: 3 }]);
const letter = deadLetterType.encodeBlock([
  {
    stream: 'a',
    source: 'x',
    position: 1,
    reason: 'not-json',
    detail: '',
    raw: Buffer.from(''),
    rawLength: 0,
    format: 'json',
    context: '',
  },
]);

async function filled(): Promise<World> {
  const world = await createWorld();
  await world.appendTo('payments', 0, transactionType.encodeBlock([transaction(1)]));
  await world.appendTo('a', 0, order('x'), letter);
  await world.appendTo('b', 0, order('y'));
  return world;
}

const OFFSETS = { 'payments-0': 1, 'a-0': 2, 'b-0': 1 };

test.each(STORES)(
  '%s: a stream that has no events yet is added, and one that is declared no more is dropped',
  async (name) => {
    const world = await filled();
    const before = await world.open(name, { streams: [shapeOf(FIRST, 'a')] });
    await world.project([before]);
    await before.close();
    const after = await world.open(name, { streams: [shapeOf(FIRST, 'a'), shapeOf(LATER, 'new')] });
    expect(Object.fromEntries(after.offsets())).toEqual(OFFSETS);
    expect(await after.query('SELECT id FROM a')).toEqual([{ id: 'x' }]);
    expect(await after.query('SELECT country FROM new')).toEqual([]);
    await after.close();
    const without = await world.open(name, { streams: [shapeOf(LATER, 'new')] });
    expect(Object.fromEntries(without.offsets())).toEqual(OFFSETS);
    await expect(without.query('SELECT id FROM a')).rejects.toThrow();
  },
);

test.each(STORES)('%s: of a stream that changes or comes again every event is in its table once', async (name) => {
  const world = await filled();
  const one = await world.open(name, { streams: [shapeOf(FIRST, 'a'), shapeOf(FIRST, 'b')] });
  await world.project([one]);
  const expected = await digests([one]);
  await one.close();
  const other = await world.open(name, { streams: [shapeOf({ ...FIRST, doc: 'changed' }, 'b')] });
  await world.project([other]);
  expect(await other.query('SELECT id FROM b')).toEqual([{ id: 'y' }]);
  await other.close();
  const again = await world.open(name, { streams: [shapeOf(FIRST, 'a'), shapeOf(FIRST, 'b')] });
  await world.project([again]);
  expect(Object.fromEntries(again.offsets())).toEqual(OFFSETS);
  expect(await digests([again])).toEqual(expected);
});

test('SQLite reads the logs of a stream that changed anew, and no others', async () => {
  const world = await filled();
  const before = await world.open('sqlite', { streams: [shapeOf(FIRST, 'a')] });
  await world.project([before]);
  await before.close();
  const after = await world.open('sqlite', { streams: [shapeOf(LATER, 'a')] });
  expect(Object.fromEntries(after.offsets())).toEqual({ 'payments-0': 1, 'b-0': 1 });
  await world.project([after]);
  expect(await after.query('SELECT id, country FROM a')).toEqual([{ id: 'x', country: 'DE' }]);
  expect(await after.query('SELECT count(*) AS n FROM dead_letters')).toEqual([{ n: 1 }]);
});

test.each([
  ['a', 'a-0', true],
  ['a', 'a-12', true],
  ['a', 'a-1-0', false],
  ['a', 'a.repartition-0', false],
  ['a', 'aa-0', false],
  ['a', 'a-', false],
])('stream %s and log %s', (stream, log, expected) => {
  expect(isLogOf({ name: stream }, log)).toBe(expected);
});
