import { expect, test } from 'vitest';
import { type RowForgetter, rowForgetter } from '../../src/data-directory/forgotten-rows.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { Block } from '../../src/messages/block.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { decodeCommit } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { decodeSeen, encodeSeen } from '../../src/messages/seen-times.ts';
import { deadLetterType, exchangedBlockType, forgottenType, tombstoneType } from '../../src/messages/types.ts';

const schema = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'friend', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const satisfies AvroRecord;
const type = dynamicEventType(schema);
const NEVER = Number.NaN;

function forgetter(): RowForgetter {
  const registry = createRegistry([]);
  registry.add(type);
  const key = {
    value: 'x',
    fields: new Set(['id']),
    keyed: new Set<string>(),
    streams: new Set(['clicks']),
    timeFields: new Map([['Click', 'at']]),
  };
  return rowForgetter(key, registry);
}

function forgotten(rows: RowForgetter, blocks: readonly Block[]): Block[] | null {
  const sections = blocks.map((block) => ({ ...block, role: 'input' as const }));
  const commit = { stream: 'clicks', partition: 0, source: 's', next: 1, committedAt: 1, sections };
  const parts = rows.commit(commit);
  return parts === null ? null : [...decodeCommit(Buffer.concat(parts)).sections];
}

const click = (id: string, at: number, friend = 'y') => ({ id, friend, at });
const letter = (raw: string) => ({
  stream: 'clicks',
  source: 's',
  position: 1,
  reason: 'not-json',
  detail: '',
  raw: Buffer.from(raw),
  rawLength: raw.length,
  format: '',
  context: '',
});

test('events of the key are blanks with their times, at the same offsets', () => {
  const rows = forgetter();
  const before = [click('a', 1), click('x', 2), click('x', 3), click('b', 4, 'x')];
  const after =
    forgotten(rows, [type.encodeBlock(before), tombstoneType.encodeBlock([{ key: 'x', occurredAt: 9 }])]) ?? [];
  expect(after.map(({ fingerprint, count }) => [fingerprint === forgottenType.fingerprint, count])).toEqual([
    [false, 1],
    [true, 2],
    [false, 1],
    [true, 1],
  ]);
  expect(forgottenType.decodeBlock(after[1]!.bytes)).toEqual([{ occurredAt: 2 }, { occurredAt: 3 }]);
  expect(type.decodeBlock(after[2]!.bytes)).toEqual([before[3]]);
  expect(Object.fromEntries(rows.removed)).toEqual({ Click: 2, 'dev.millrace.Tombstone': 1 });
  expect(Object.fromEntries(rows.left)).toEqual({ 'Click friend': 1 });
});

test('a commit without the key stays the bytes that it is', () => {
  expect(forgotten(forgetter(), [type.encodeBlock([click('a', 1), click('xx', 2)])])).toBeNull();
});

test('a dead letter goes where its original has the key as a word', () => {
  const letters = [letter('{"id":"x"'), letter('id=xylophone'), letter('a,x,b')];
  const after = forgotten(forgetter(), [deadLetterType.encodeBlock(letters)]) ?? [];
  expect(after.map(({ count }) => count)).toEqual([1, 1, 1]);
  expect(deadLetterType.decodeBlock(after[1]!.bytes)[0]?.raw.toString()).toBe('id=xylophone');
});

test('what an exchange copied is smaller, and says as before how far the log had come', () => {
  const events = [click('x', 10), click('a', 5), click('x', 20), click('b', 15)];
  const block = type.encodeBlock(events);
  const exchanged = {
    log: 'clicks-0',
    before: [],
    fingerprint: block.fingerprint,
    count: 4,
    block: Buffer.from(block.bytes),
    seen: encodeSeen(Float64Array.of(NEVER, NEVER, 30, NEVER)),
  };
  const [after] = forgotten(forgetter(), [exchangedBlockType.encodeBlock([exchanged])]) ?? [];
  const [own] = exchangedBlockType.decodeBlock(after!.bytes);
  expect(own?.count).toBe(2);
  expect(type.decodeBlock(own!.block)).toEqual([events[1], events[3]]);
  expect(own?.before).toEqual([{ log: 'clicks-0', occurredAt: 10, watermark: null }]);
  // Behind the first that stays came one of 20, and others of the log up to 30.
  expect([...(decodeSeen(own!.seen, 2) ?? [])]).toEqual([30, NEVER]);
});
