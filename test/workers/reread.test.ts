/** An original of a dead letter is read again as its stream is written today. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { RFC_4180 } from '../../src/messages/csv-options.ts';
import { STANDARD_FORMAT, type StreamFormat } from '../../src/messages/stream-format.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';
import { reread } from '../../src/workers/reread.ts';

const schema: AvroRecord = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'place', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'gust', type: ['null', 'double'], default: null },
  ],
};
const type = dynamicEventType(schema);

function again(raw: string, written: 'csv' | 'json', format: StreamFormat, context = 'place,at,gust'): unknown {
  const letter = {
    source: 'file:/w.csv',
    position: 2,
    raw: Buffer.from(raw),
    rawLength: raw.length,
    format: written,
    context,
  };
  const read = reread(letter, { name: 'readings', schema, keyField: 'place', format, partitions: 1 });
  if (read.kind === 'refused') return read.detail;
  return read.blocks.flatMap(({ bytes }) => type.decodeBlock(bytes));
}

describe('a dead letter', () => {
  test('of CSV is an event once its stream says what stands for null', () => {
    const row = 'EWR,2013-01-01T06:00:00Z,NA';
    expect(again(row, 'csv', STANDARD_FORMAT)).toBe('wrong-type: gust must be a number: found "NA"');
    const format = { ...STANDARD_FORMAT, csv: { ...RFC_4180, nulls: ['NA', ''] } };
    expect(again(row, 'csv', format)).toEqual([{ place: 'EWR', at: Date.UTC(2013, 0, 1, 6), gust: null }]);
  });

  test('of a file without a header is read by the columns that its stream names', () => {
    const format = { ...STANDARD_FORMAT, csv: { ...RFC_4180, header: ['at', 'place'] } };
    expect(again('2013-01-01T06:00:00Z,EWR', 'csv', format, '')).toMatchObject([{ place: 'EWR' }]);
  });

  test('of JSON is an event once its stream says in which zone its times are', () => {
    const line = '{"place":"EWR","at":"2013-01-01T01:00:00"}';
    expect(again(line, 'json', STANDARD_FORMAT)).toContain('invalid-time: at must be');
    const format = { ...STANDARD_FORMAT, json: { ...ISO_TIMES, timeZone: 'America/New_York' } };
    expect(again(line, 'json', format)).toMatchObject([{ at: Date.UTC(2013, 0, 1, 6) }]);
  });
});
