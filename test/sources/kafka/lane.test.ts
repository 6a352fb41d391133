/** A partition of a topic whose fetches come from elsewhere: what is fetched next, and what is taken for another topic. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FetchedRecord } from '../../../src/kafka/group.ts';
import { createLane, type Lane } from '../../../src/sources/kafka/lane.ts';
import { recordingIntake } from '../recording-intake.ts';

const VALUE = Buffer.from('value');
const known = { lastOffset: 49, lastTimestamp: 5, lastCrc: crc32(VALUE) };

function recordAt(offset: number, value = VALUE): FetchedRecord {
  return { offset, timestamp: 5, key: null, value };
}

function laneOf(): { lane: Lane; sought: number[]; fetch(from: number, records: readonly FetchedRecord[]): string } {
  const sought: number[] = [];
  const lane = createLane({
    topic: 't',
    partition: 0,
    source: 'kafka:g:t',
    groupId: 'g',
    intake: recordingIntake({ partitions: 1 }),
    blocks: { schemaIds: () => new Set(), blocksOf: () => [] },
    group: { seek: (_, __, offset) => void sought.push(offset), pause() {}, resume() {} },
    schemas: async () => new Map(),
    generation: () => 1,
    strayed() {},
    failed(error) {
      throw error;
    },
  });
  const fetch = (fetchedOffset: number, records: readonly FetchedRecord[]): string => {
    const lastOffset = Number(records.at(-1)?.offset ?? fetchedOffset);
    return lane.fetched({ topic: 't', partition: 0, fetchedOffset, records, lastOffset, highWatermark: 90 });
  };
  return { lane, sought, fetch };
}

describe('a lane whose fetch came from elsewhere', () => {
  it('still compares the record by which the topic is known, when nothing was fetched before', () => {
    const { lane, sought, fetch } = laneOf();
    lane.begin(50, known);
    expect(fetch(0, [recordAt(0)])).toBe('dropped');
    expect([lane.state(), lane.needed()]).toEqual(['opening', 50]);
    lane.goOn(50, 0);
    expect(sought).toEqual([49, 49]);
    expect(fetch(49, [recordAt(49, Buffer.from('another'))])).toBe('dropped');
    expect([lane.state(), lane.problem()]).toEqual(['halted', expect.stringContaining('deleted and made again')]);
  });

  it('does not ask for the record that was fetched last once that has expired, and has lost nothing', () => {
    const { lane, sought, fetch } = laneOf();
    lane.begin(50, known);
    expect(fetch(49, [recordAt(49), recordAt(50)])).toBe('taken');
    expect(fetch(0, [recordAt(0)])).toBe('dropped');
    expect(lane.needed()).toBe(51);
    lane.goOn(51, 51);
    expect(sought).toEqual([49, 51]);
    expect(fetch(51, [recordAt(51)])).toBe('taken');
  });
});
