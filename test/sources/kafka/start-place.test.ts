/** Where a partition begins: the journal decides, and Kafka's word only says whose it is. */
import { describe, expect, it } from 'vitest';
import { type Known, markOf, ownerOfMark, placeWithin, startPlace } from '../../../src/sources/kafka/start-place.ts';

const OWNER = 17;
const known: Known = {
  topic: 'pay',
  partition: 3,
  journaled: 0,
  last: undefined,
  committed: { offset: -1, metadata: null },
  bounds: { low: 10, high: 90 },
  owner: OWNER,
  from: 'earliest',
  onLoss: 'halt',
};
const last = {
  topic: 'pay',
  partition: 3,
  from: 20,
  next: 50,
  group: 'g',
  generation: 1,
  lastOffset: 48,
  lastTimestamp: 5,
  lastCrc: 6,
};
const own = { offset: 40, metadata: markOf(OWNER) };

describe('a partition of a topic begins', () => {
  it('at an end of it, when nobody has read it, and is claimed first', () => {
    expect(startPlace(known)).toEqual({ kind: 'start', at: 10, check: null, claims: true });
    expect(startPlace({ ...known, from: 'latest' })).toEqual({ kind: 'start', at: 90, check: null, claims: true });
  });

  it('where another program of the group left off', () => {
    const committed = { offset: 33, metadata: 'by another client' };
    expect(startPlace({ ...known, committed })).toEqual({ kind: 'start', at: 33, check: null, claims: true });
  });

  it('where the journal is, whatever Kafka was told, and knows the topic by the last record', () => {
    const place = startPlace({ ...known, journaled: 50, last, committed: own });
    expect(place).toEqual({ kind: 'start', at: 50, check: last, claims: false });
    expect(startPlace({ ...known, journaled: 50, last, bounds: { low: 49, high: 90 }, committed: own })).toMatchObject({
      at: 50,
      check: null,
    });
  });

  it('not at all, where its state lies in another data directory', () => {
    const committed = { offset: 40, metadata: markOf(18) };
    for (const journaled of [0, 50]) {
      expect(startPlace({ ...known, journaled, committed })).toMatchObject({
        kind: 'held',
        message: expect.stringContaining('pay/3 is not read here'),
      });
    }
  });

  it('not at all, where records are gone, unless that is allowed', () => {
    const gone = { ...known, journaled: 5, committed: own };
    expect(startPlace(gone)).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining('5 records are gone that were never read'),
    });
    expect(startPlace({ ...gone, onLoss: 'skip' })).toMatchObject({ kind: 'start', at: 10 });
  });

  it('not at all, where the topic ends before what was read: it was made again', () => {
    for (const onLoss of ['halt', 'skip'] as const) {
      expect(startPlace({ ...known, journaled: 91, committed: own, onLoss }).kind).toBe('recreated');
    }
    expect(placeWithin(known, 90)).toMatchObject({ kind: 'start', at: 90 });
  });

  it('by a mark that other programs do not write', () => {
    expect([markOf(5), null, '', 'x', `${markOf(5)} `].map(ownerOfMark)).toEqual([5, null, null, null, null]);
  });
});
