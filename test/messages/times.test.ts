/** Times as a stream says that they are written: DuckDB reads the same texts, by the same formats and zones. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { compileTimeFormat } from '../../src/messages/time-format.ts';
import { createZone, isZone } from '../../src/messages/time-zone.ts';
import { createTimes, ISO_TIMES, type TimeOptions } from '../../src/messages/times.ts';

let instance: DuckDBInstance;
let connection: Awaited<ReturnType<DuckDBInstance['connect']>>;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

/** The first column of each row as numbers; null as NaN. */
async function numbers(sql: string): Promise<number[]> {
  const rows = (await connection.runAndReadAll(sql)).getRows();
  return rows.map(([value]) => (value === null ? Number.NaN : Number(value)));
}
const values = (rows: readonly string[]): string => rows.map((row, i) => `(${i}, ${row})`).join(', ');
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const HOUR_MS = 3_600_000;

describe('a zone', () => {
  const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Apia', 'UTC'];

  test('reads each quarter of an hour around a change as DuckDB does, in the gap and in the hour that comes twice', async () => {
    const changes = ['2018-03-25', '2018-10-28', '2018-03-11', '2018-11-04', '2018-04-01', '2018-10-07', '2011-12-30'];
    const clocks = changes.flatMap((day) =>
      Array.from({ length: 24 * 4 }, (_, i) => Date.parse(`${day}T00:00:00Z`) - 6 * HOUR_MS + (i * HOUR_MS) / 2),
    );
    for (const zone of ZONES) {
      const sql = `SELECT epoch_ms(make_timestamp(c * 1000) AT TIME ZONE '${zone}')
        FROM (VALUES ${values(clocks.map(String))}) t(i, c) ORDER BY i`;
      const { epochMs } = createZone(zone);
      expect(clocks.map(epochMs)).toEqual(await numbers(sql));
    }
  });

  test('reads any time of the calendar as DuckDB does', async () => {
    const clock = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2037, 11) });
    const clocks = fc.sample(clock, 2000);
    for (const zone of ZONES) {
      const sql = `SELECT epoch_ms(make_timestamp(c * 1000) AT TIME ZONE '${zone}')
        FROM (VALUES ${values(clocks.map(String))}) t(i, c) ORDER BY i`;
      const { epochMs } = createZone(zone);
      expect(clocks.map(epochMs)).toEqual(await numbers(sql));
    }
  });

  test('is one that the IANA database knows', () => {
    expect(['Europe/Berlin', 'UTC', 'Etc/GMT+1'].every(isZone)).toBe(true);
    expect(['Berlin', '', 'Europe/Nowhere'].some(isZone)).toBe(false);
  });
});

describe('a format', () => {
  const FORMATS = [
    '%Y-%m-%d %H:%M:%S',
    '%d.%m.%Y %H:%M',
    '%Y%m%d',
    '%Y-%m-%dT%H:%M:%S.%f',
    '%m/%d/%y %I:%M:%S %p',
    '%b %d, %Y %H:%M',
    '%A, %d %B %Y at %H',
    '%Y-%m-%d %H:%M:%S%z',
    '100%% %Y/%m/%d',
  ];

  test('reads what DuckDB writes by it, and what it writes with a digit or a letter changed as DuckDB reads that', async () => {
    const instants = fc.sample(fc.integer({ min: Date.UTC(1971, 0), max: Date.UTC(2060, 0) }), 60);
    const changed = (text: string): string[] => {
      const [at = 0, letter = ''] =
        fc.sample(fc.tuple(fc.nat(text.length - 1), fc.constantFrom('0', '3', '9', 'x')), 1)[0] ?? [];
      return [text, text.slice(0, at) + letter + text.slice(at + 1), text.slice(0, at) + text.slice(at + 1)];
    };
    let read = 0;
    for (const format of FORMATS) {
      // DuckDB writes %z as +00 and reads it with minutes too.
      const sql = `SELECT strftime(make_timestamp(c * 1000), ${quoted(format)}) FROM (VALUES ${values(instants.map(String))}) t(i, c) ORDER BY i`;
      const written = (await connection.runAndReadAll(sql)).getRows().map(([text]) => String(text));
      const texts = written.flatMap(changed);
      const expected = await numbers(
        `SELECT epoch_ms(try_strptime(s, ${quoted(format)})::TIMESTAMP) FROM (VALUES ${values(texts.map(quoted))}) t(i, s) ORDER BY i`,
      );
      const { instants: parser } = createTimes({ ...ISO_TIMES, timeZone: 'UTC', timeFormats: [format] });
      const own = texts.map(parser.text);
      read += own.filter((ms) => !Number.isNaN(ms)).length;
      expect(texts.map((text, i) => [format, text, own[i]])).toEqual(
        texts.map((text, i) => [format, text, expected[i]]),
      );
    }
    expect(read).toBeGreaterThan(FORMATS.length * instants.length);
  });

  test.each([
    ['%Q %Y', 'has %Q, which is not known'],
    ['%H:%M', 'says no year'],
    ['%Y-%m-%d %I', 'has %I, an hour from 1 to 12, without %p'],
    ['%Y %', 'has %, which is not known'],
  ])('%s is refused in words', (format, words) => {
    expect(() => compileTimeFormat(format)).toThrow(words);
  });
});

describe('a time in an input', () => {
  const read = (options: Partial<TimeOptions>, value: unknown, logicalType = 'timestamp-millis') => {
    const schema: AvroRecord = JSON.parse(
      JSON.stringify({ type: 'record', name: 'A', fields: [{ name: 't', type: { type: 'long', logicalType } }] }),
    );
    const decoded = createJsonDecoder(schema, '', { ...ISO_TIMES, ...options }).value({ t: value });
    return decoded.ok ? decoded.event.t : decoded.detail;
  };

  test.each<[Partial<TimeOptions>, unknown, string, unknown]>([
    [{ timeZone: 'Europe/Berlin' }, '2018-04-01T02:00:31', 'timestamp-millis', 1_522_540_831_000],
    [{ timeZone: 'Europe/Berlin' }, '2018-04-01', 'timestamp-millis', 1_522_533_600_000],
    [{ timeZone: 'Europe/Berlin' }, '2018-04-01 00:00:31Z', 'timestamp-millis', 1_522_540_831_000],
    [{ timeZone: 'Europe/Berlin' }, '2018-04-01T02:00:31.123456', 'timestamp-micros', 1_522_540_831_123_456],
    [{ timeZone: 'Europe/Berlin' }, '2018-04-01T00:00:31', 'local-timestamp-millis', 1_522_540_831_000],
    [{ timeFormats: ['%d.%m.%Y %H:%M%z'] }, '01.04.2018 02:00+0200', 'timestamp-millis', 1_522_540_800_000],
    [{ timeFormats: ['%Y %z', '%d.%m.%Y'], timeZone: 'UTC' }, '01.04.2018', 'timestamp-micros', 1_522_540_800_000_000],
    [{ timeFormats: ['%d.%m.%Y %H:%M'] }, '01.04.2018 00:00', 'local-timestamp-micros', 1_522_540_800_000_000],
    [{ epoch: 'seconds' }, 1_522_540_831, 'timestamp-millis', 1_522_540_831_000],
    [{ epoch: 'seconds' }, 1_522_540_831.123, 'timestamp-millis', 1_522_540_831_123],
    [{ epoch: 'seconds' }, -0.0005, 'timestamp-millis', -1],
    [{ epoch: 'seconds' }, 1_522_540_831, 'timestamp-micros', 1_522_540_831_000_000],
    [{ epoch: 'micros' }, 1_522_540_831_999_999, 'timestamp-millis', 1_522_540_831_999],
    [{ epoch: 'micros' }, -1, 'timestamp-millis', -1],
    [{ epoch: 'millis' }, 1_522_540_831_000, 'timestamp-micros', 1_522_540_831_000_000],
    [{ epoch: 'seconds' }, '2018-04-01T00:00:31Z', 'timestamp-millis', 1_522_540_831_000],
  ])('written as %j says, %j is read as a %s', (options, value, logicalType, expected) => {
    expect(read(options, value, logicalType)).toBe(expected);
  });

  test.each<[Partial<TimeOptions>, unknown, string, string]>([
    [{}, '2018-04-01T00:00:31', 'timestamp-millis', 'an instant with a zone such as'],
    [{ timeFormats: ['%d.%m.%Y'] }, '01.04.2018', 'timestamp-millis', 'a time of the format "%d.%m.%Y"'],
    [
      { timeFormats: ['%d.%m.%Y'], timeZone: 'UTC' },
      '2018-04-01',
      'timestamp-millis',
      'a time of the format "%d.%m.%Y"',
    ],
    [{ timeZone: 'UTC' }, '2018-04-31', 'timestamp-millis', 'an instant such as'],
    [{ timeFormats: ['%Y %z'] }, '2018 +02', 'local-timestamp-millis', 'a time of the format'],
    [{ epoch: 'seconds' }, 1e17, 'timestamp-millis', 'must be epoch seconds or an instant'],
  ])('written as %j says, %j is no %s', (options, value, logicalType, words) => {
    expect(read(options, value, logicalType)).toContain(words);
  });
});
