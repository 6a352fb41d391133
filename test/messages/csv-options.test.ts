/** CSV that is not as RFC 4180 has it, as its stream says. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createCsvDecoder } from '../../src/messages/csv.ts';
import { type CsvOptions, RFC_4180 } from '../../src/messages/csv-options.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';

const schema: AvroRecord = JSON.parse(
  JSON.stringify({
    type: 'record',
    name: 'Reading',
    fields: [
      { name: 'station', type: 'string' },
      { name: 'takenAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'celsius', type: ['null', 'double'], default: null },
      { name: 'count', type: 'int', default: 1 },
      {
        name: 'price',
        type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }],
        default: null,
      },
      { name: 'note', type: 'string', default: '' },
    ],
  }),
);

/** The event of a row, or why there is none. */
function read(options: Partial<CsvOptions>, header: string | null, row: string): unknown {
  const csv = createCsvDecoder(
    schema,
    'station',
    header === null ? null : Buffer.from(header),
    { ...RFC_4180, ...options },
    null,
  );
  const decoded = csv.row(Buffer.from(row));
  return decoded.ok ? decoded.event : `${decoded.reason}: ${decoded.detail}`;
}

const HEADER = 'station,taken_at,celsius';

describe('a row', () => {
  test.each<[Partial<CsvOptions>, string | null, string, object]>([
    [{ delimiter: ';' }, 'station;taken_at;note', 'Oslo;1;a,b', { station: 'Oslo', note: 'a,b' }],
    [{ delimiter: '\t' }, 'station\ttaken_at\tnote', 'Oslo\t1\t"a\tb"', { note: 'a\tb' }],
    [{ quote: "'" }, 'station,taken_at,note', `Oslo,1,'it''s, "so"'`, { note: `it's, "so"` }],
    [{ quote: null }, 'station,taken_at,note', 'Oslo,1,"so"', { note: '"so"' }],
    [
      { header: false },
      null,
      'Oslo,1,2.5,3,4.25,x',
      { station: 'Oslo', takenAt: 1, celsius: 2.5, count: 3, note: 'x' },
    ],
    [{ header: ['taken_at', 'station'] }, null, '1,Oslo', { station: 'Oslo', takenAt: 1 }],
    [{ header: ['when', 'at'], rename: { when: 'takenAt', at: 'station' } }, null, '1,Oslo', { takenAt: 1 }],
    [{ rename: { 'Temp (°C)': 'celsius' } }, 'station,taken_at,Temp (°C)', 'Oslo,1,2', { celsius: 2 }],
    [{ ignoreCase: true }, 'STATION,TakenAt,CELSIUS', 'Oslo,1,2', { station: 'Oslo', takenAt: 1, celsius: 2 }],
    [{ ignoreCase: true }, 'Station,TAKEN_AT', 'Oslo,1', { takenAt: 1 }],
    [{ extraColumns: 'ignore' }, 'x,station,y,taken_at', 'a,Oslo,"b,c",1', { station: 'Oslo', takenAt: 1 }],
    [{ nulls: ['NA', '\\N', ''] }, HEADER, 'Oslo,1,NA', { celsius: null }],
    [{ nulls: ['NA', '\\N', ''] }, HEADER, 'Oslo,1,"\\N"', { celsius: null }],
    [{ nulls: ['NA', '\\N', ''] }, HEADER, 'Oslo,1,', { celsius: null }],
    [{ nulls: ['NA', ''] }, 'station,taken_at,note', 'Oslo,1,', { note: '' }],
    [{ nulls: ['NA'] }, 'station,taken_at,note', ',1,x', { station: '' }],
    [
      { decimal: ',', delimiter: ';' },
      'station;taken_at;celsius;price;count',
      'Oslo;1;-2,5;4,25;3,0',
      { celsius: -2.5, count: 3 },
    ],
    [{ times: { ...ISO_TIMES, epoch: 'seconds' } }, HEADER, 'Oslo,1522540831.5,1', { takenAt: 1_522_540_831_500 }],
    [{ times: { ...ISO_TIMES, epoch: 'nanos' } }, HEADER, 'Oslo,1522540831123999999,1', { takenAt: 1_522_540_831_123 }],
    [
      { times: { ...ISO_TIMES, timeZone: 'Europe/Berlin' } },
      HEADER,
      'Oslo,2018-04-01 02:00:31,1',
      { takenAt: 1_522_540_831_000 },
    ],
    [
      { times: { ...ISO_TIMES, timeZone: 'Europe/Berlin', timeFormats: ['%d.%m.%Y %H:%M'] } },
      HEADER,
      'Oslo,01.04.2018 02:00,1',
      { takenAt: 1_522_540_800_000 },
    ],
    [
      { times: { ...ISO_TIMES, timeZone: 'UTC', timeFormats: ['%Y%m%d'] } },
      HEADER,
      'Oslo,20180401,1',
      { takenAt: 1_522_540_800_000 },
    ],
    // What is no option: forms that can mean one thing only.
    [{}, 'station,taken_at,count', 'Oslo,2018-04-01 00:00:31+00,2.0', { takenAt: 1_522_540_831_000, count: 2 }],
    [{}, 'station,taken_at,count', 'Oslo,1.0,-2.000', { takenAt: 1, count: -2 }],
  ])('as %j says, behind %j, is an event: %s', (options, header, row, event) => {
    expect(read(options, header, row)).toMatchObject(event);
  });

  test.each<[Partial<CsvOptions>, string | null, string, string]>([
    [{ nulls: ['NA'] }, HEADER, 'NA,1,2', 'null-key: station is the key and is "NA", which stands for null'],
    [{ nulls: ['NA'] }, 'station,taken_at,count', 'Oslo,1,NA', 'missing-field: count is "NA", which stands for null'],
    [{ nulls: ['NA'] }, HEADER, 'Oslo,1,', 'missing-field: celsius is empty'],
    [{ nulls: ['NA'] }, HEADER, 'Oslo,1,na', 'wrong-type: celsius must be a number: found "na"'],
    [
      { decimal: ',', delimiter: ';' },
      'station;taken_at;celsius',
      'Oslo;1;2.5',
      'wrong-type: celsius must be a number: found "2.5"',
    ],
    [
      { decimal: ',', delimiter: ';' },
      'station;taken_at;price',
      'Oslo;1;2.5',
      'wrong-type: price must be a decimal number',
    ],
    [
      { decimal: ',', delimiter: ';' },
      'station;taken_at;count',
      'Oslo;1;2.0',
      'wrong-type: count must be a whole number',
    ],
    [{}, 'station,taken_at,count', 'Oslo,1,2.5', 'wrong-type: count must be a whole number: found "2.5"'],
    [{}, 'station,taken_at,count', 'Oslo,1,2.', 'wrong-type: count'],
    [{}, 'station,taken_at,count', 'Oslo,1,.0', 'wrong-type: count'],
    [{ header: ['station', 'taken_at'] }, null, 'Oslo,1,2', 'unknown-field: the row has 3 cells'],
  ])('as %j says, behind %j, is refused: %s', (options, header, row, words) => {
    expect(read(options, header, row)).toContain(words);
  });
});

describe('a header', () => {
  test.each<[Partial<CsvOptions>, string, string]>([
    [{}, 'station;taken_at', 'if its cells end in ";", say so: format.csv.delimiter'],
    [{ delimiter: ';' }, 'station,taken_at', 'if its cells end in ",", say so'],
    [{ ignoreCase: true }, 'station,TAKEN_AT,takenAt', 'line 1: TAKEN_AT and takenAt are the same field'],
    [{ extraColumns: 'ignore' }, 'station,when', 'line 1: there is no column for the field takenAt'],
  ])('as %j says is refused: %s', (options, header, words) => {
    expect(() => read(options, header, '')).toThrow(words);
  });
});
