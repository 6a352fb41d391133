/** Columns of Parquet files that DuckDB wrote, as fields: SQL says what each value is. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { openParquet, type ParquetRow } from '../../src/projections/parquet.ts';
import { parquetFile } from './parquet-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-parquet-'));
let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  // Copies are made there, and those of other processes are not counted.
  process.env.TMPDIR = directory;
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
  delete process.env.TMPDIR;
  rmSync(directory, { recursive: true });
});

const logical = (type: string, logicalType: string, more: object = {}) => ({ type, logicalType, ...more });
const TYPES = {
  millis: logical('long', 'timestamp-millis'),
  micros: logical('long', 'timestamp-micros'),
  localMicros: logical('long', 'local-timestamp-micros'),
  date: logical('int', 'date'),
  timeMillis: logical('int', 'time-millis'),
  timeMicros: logical('long', 'time-micros'),
  uuid: logical('string', 'uuid'),
  uuidBytes: logical('fixed', 'uuid', { name: 'U', size: 16 }),
  decimal: logical('bytes', 'decimal', { precision: 12, scale: 3 }),
  hash: { type: 'fixed', name: 'H', size: 2 },
  state: { type: 'enum', name: 'S', symbols: ['open', 'paid'] },
  list: { type: 'array', items: ['null', 'long'] },
  texts: { type: 'array', items: 'string' },
  map: { type: 'map', values: 'double' },
  record: {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'on', type: logical('int', 'date') },
      { name: 'unitPrice', type: ['null', 'double'], default: null },
    ],
  },
} as const;

const schemaOf = (type: unknown): AvroRecord =>
  JSON.parse(
    JSON.stringify({
      type: 'record',
      name: 'A',
      fields: [
        { name: 'k', type: 'string' },
        { name: 'x', type },
      ],
    }),
  );
const typeOf = (name: string): unknown => Object.entries(TYPES).find(([own]) => own === name)?.[1] ?? name;

async function rowsOf(select: string, type: unknown): Promise<{ rows: ParquetRow[]; raws: string[] }> {
  const path = join(directory, 'x.parquet');
  await connection.run(`COPY (SELECT 'k' AS k, ${select}) TO '${path}' (FORMAT parquet)`);
  const file = await openParquet(path, schemaOf(type), 'k');
  const rows: ParquetRow[] = [];
  const raws: string[] = [];
  for await (const chunk of file.rows()) {
    for (const [row, decoded] of chunk.rows.entries()) {
      rows.push(decoded);
      raws.push(chunk.raw(row).toString('utf8'));
    }
  }
  file.close();
  return { rows, raws };
}

async function readOne(sql: string, type: unknown): Promise<unknown> {
  const { rows, raws } = await rowsOf(`${sql} AS x`, type);
  const [first] = rows;
  if (first === undefined) throw new Error('no row');
  const again = createJsonDecoder(schemaOf(type), 'k').line(raws[0] ?? '');
  if (!first.ok) return { reason: first.reason, detail: first.detail };
  expect(dynamicEventType(schemaOf(type)).invalidPath(first.event)).toBeNull();
  // What a dead letter would keep is the same event.
  expect(again).toMatchObject({ ok: true, event: first.event });
  return first.event.x;
}

describe('a value', () => {
  test.each<[string, string, unknown]>([
    ["TIMESTAMPTZ '2018-04-01 00:00:31.123456+00'", 'millis', 1_522_540_831_123],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'", 'millis', -1],
    ["TIMESTAMP_NS '1969-12-31 23:59:59.999999999'", 'millis', -1],
    ["TIMESTAMP '2300-01-01 00:00:00'", 'micros', 10_413_792_000_000_000n],
    ['9007199254740993::BIGINT', 'long', 9_007_199_254_740_993n],
    ["'-9223372036854775808'::BIGINT", 'long', -(2n ** 63n)],
    ['[1, 9007199254740993]', 'list', [1, 9_007_199_254_740_993n]],
    ["TIMESTAMP_NS '1969-12-31 23:59:59.999999999'", 'micros', -1],
    ["TIMESTAMP_MS '2018-04-01 00:00:31.123'", 'micros', 1_522_540_831_123_000],
    ["TIMESTAMP_S '1969-12-31 23:59:59'", 'millis', -1000],
    ["TIMESTAMP '2018-04-01 00:00:31.123456'", 'localMicros', 1_522_540_831_123_456],
    ["'2018-04-01T00:00:31.5Z'", 'millis', 1_522_540_831_500],
    ['1522540831500', 'millis', 1_522_540_831_500],
    ["TIMESTAMPTZ '2018-04-01 00:00:31.123456+00'", 'long', 1_522_540_831_123],
    ["DATE '2018-04-01'", 'date', 17_622],
    ["DATE '1969-12-31'", 'date', -1],
    ["'2018-04-01'", 'date', 17_622],
    ['17622::SMALLINT', 'date', 17_622],
    ["TIME '10:17:43.123456'", 'timeMillis', 37_063_123],
    ["TIME '10:17:43.123456'", 'timeMicros', 37_063_123_456],
    ["UUID '123e4567-e89b-12d3-a456-426614174000'", 'uuid', '123e4567-e89b-12d3-a456-426614174000'],
    ["UUID '123e4567-e89b-12d3-a456-426614174000'", 'string', '123e4567-e89b-12d3-a456-426614174000'],
    [
      "UUID 'f23e4567-e89b-12d3-a456-426614174000'",
      'uuidBytes',
      Buffer.from('f23e4567e89b12d3a456426614174000', 'hex'),
    ],
    ['12.34::DECIMAL(9, 2)', 'decimal', Buffer.from('3034', 'hex')],
    ['-0.001::DECIMAL(18, 3)', 'decimal', Buffer.from('ff', 'hex')],
    ['5::HUGEINT', 'decimal', Buffer.from('1388', 'hex')],
    ['12.34::DECIMAL(9, 2)', 'double', 12.34],
    ['3.00::DECIMAL(9, 2)', 'int', 3],
    ["encode('é日本')", 'string', 'é日本'],
    ["'paid'::BLOB", 'state', 'paid'],
    ["'open'::ENUM ('open', 'paid')", 'state', 'open'],
    ["'open'::ENUM ('open', 'paid')", 'string', 'open'],
    ["'\\xFF\\x00'::BLOB", 'bytes', Buffer.from('ff00', 'hex')],
    ["'\\xFF\\x00'::BLOB", 'hash', Buffer.from('ff00', 'hex')],
    ['true', 'boolean', true],
    ['5::UTINYINT', 'int', 5],
    ['5::UBIGINT', 'long', 5],
    ['5.0::DOUBLE', 'long', 5],
    ['9007199254740992::BIGINT', 'double', 9_007_199_254_740_992],
    ['1.5::FLOAT', 'float', 1.5],
    ['[1, NULL, 3]', 'list', [1, null, 3]],
    ['[]::BIGINT[]', 'list', []],
    ["MAP {'a': 1.5, 'b': 2}", 'map', { a: 1.5, b: 2 }],
    ["{'on': DATE '1970-01-02', 'unit_price': 2.5::DOUBLE}", 'record', { on: 1, unitPrice: 2.5 }],
    ["{'on': DATE '1970-01-02'}", 'record', { on: 1, unitPrice: null }],
  ])('%s is %s', async (sql, name, value) => {
    expect(await readOne(sql, typeOf(name))).toEqual(value);
    expect(await readOne(sql, ['null', typeOf(name)])).toEqual(value);
  });

  test.each<[string, string, string, string]>([
    ['18446744073709551615::UBIGINT', 'long', 'too-large', 'found 18446744073709551615'],
    ['9007199254740993::BIGINT', 'double', 'too-large', 'found 9007199254740993'],
    ['5000000000::BIGINT', 'int', 'too-large', '32 bits'],
    ['5.5::DOUBLE', 'long', 'wrong-type', 'found 5.5'],
    ['5.50::DECIMAL(9, 2)', 'long', 'wrong-type', 'found 5.5'],
    ["TIMESTAMP 'infinity'", 'millis', 'invalid-time', 'x must be'],
    ["'2018-04-01'", 'millis', 'invalid-time', 'zone'],
    ["'nobody'", 'uuid', 'wrong-type', 'UUID'],
    ['0.0001::DECIMAL(9, 4)', 'decimal', 'wrong-type', '3 digits'],
    ['9999999999::BIGINT', 'decimal', 'too-large', 'decimal(12, 3)'],
    ["'\\xFF'::BLOB", 'string', 'not-unicode', 'x is not'],
    ["'\\xFF'::BLOB", 'hash', 'wrong-type', '2 bytes'],
    ["'lost'", 'state', 'wrong-type', 'open, paid'],
    ['[1, 9223372036854775808::UBIGINT]', 'list', 'too-large', 'x[1]'],
    ["MAP {'a': 9007199254740993::BIGINT}", 'map', 'too-large', 'x.a'],
    ['NULL::BIGINT', 'long', 'wrong-type', 'found null'],
  ])('%s has no exact form as %s', async (sql, name, reason, detail) => {
    expect(await readOne(sql, typeOf(name))).toMatchObject({ reason, detail: expect.stringContaining(detail) });
  });

  test.each(['nan', 'infinity', '-infinity'])('%s is null where null may stand', async (word) => {
    expect(await readOne(`'${word}'::DOUBLE`, ['null', 'double'])).toBeNull();
    expect(await readOne(`'${word}'::FLOAT`, ['null', 'float'])).toBeNull();
  });

  test('of any instant is floored as SQL floors it', async () => {
    const ns = fc.sample(fc.bigInt({ min: -(10n ** 18n), max: 2n * 10n ** 18n }), { numRuns: 3000, seed: 3 });
    await connection.run('CREATE OR REPLACE TABLE n (i INTEGER, ns BIGINT)');
    await connection.run(`INSERT INTO n VALUES ${ns.map((value, i) => `(${i}, ${value})`).join(', ')}`);
    for (const [name, divisor] of [
      ['millis', 1_000_000n],
      ['micros', 1000n],
    ] as const) {
      const floors = ns.map((value) => Number((value - (((value % divisor) + divisor) % divisor)) / divisor));
      const { rows } = await rowsOf('make_timestamp_ns(ns) AS x FROM n ORDER BY i', typeOf(name));
      expect(rows.map((row) => (row.ok ? row.event.x : row))).toEqual(floors);
    }
  });
});

/** As pandas and Spark write instants with a zone: DuckDB writes none, so its own file is said to be in UTC. */
async function rowsInUtc(nanos: readonly bigint[], type: unknown): Promise<ParquetRow[]> {
  const path = join(directory, 'utc.parquet');
  const values = nanos.map((value, i) => `(${i}, ${value})`).join(', ');
  await connection.run(`COPY (SELECT 'k' AS k, make_timestamp_ns(ns) AS x FROM (VALUES ${values}) AS v(i, ns) ORDER BY i)
    TO '${path}' (FORMAT parquet)`);
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf(Buffer.from([0x12, 0x1c, 0x3c, 0]));
  bytes[at] = 0x11;
  writeFileSync(path, bytes);
  const described = await connection.runAndReadAll(`SELECT typeof(x) FROM '${path}' LIMIT 1`);
  expect(described.getRows()).toEqual([['TIMESTAMP WITH TIME ZONE']]);
  const file = await openParquet(path, schemaOf(type), 'k');
  const rows: ParquetRow[] = [];
  for await (const chunk of file.rows()) rows.push(...chunk.rows);
  file.close();
  return rows;
}

describe('nanoseconds in UTC', () => {
  test.each([
    [[-1n, -999n, -1000n, -1_000_000n, -1_000_001n, 0n, 1n, 999_999n, 1_000_000n]],
    [[1n, 1_522_540_831_123_456_789n]],
  ])('%s are floored too, before 1970 and after', async (nanos) => {
    const rows = await rowsInUtc(nanos, TYPES.millis);
    const floors = nanos.map((value) =>
      Number((value - (((value % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n),
    );
    expect(rows.map((row) => (row.ok ? row.event.x : row))).toEqual(floors);
    await expect(rowsInUtc(nanos, TYPES.localMicros)).rejects.toThrow('WITH TIME ZONE');
    expect(readdirSync(directory).filter((name) => name.startsWith('millrace-parquet-copy-'))).toEqual([]);
  });
});

test('INT96, as Spark and Impala write instants, is floored: nanoseconds of a Julian day', async () => {
  const JULIAN_1970 = 2_440_588;
  const nanos = [0n, -1n, -1_000_001n, 999_999n, 1_522_540_831_123_456_789n, -62_135_596_800_000_000_000n];
  const day = 86_400_000_000_000n;
  const values = nanos.map((value) => {
    const ofDay = ((value % day) + day) % day;
    const bytes = Buffer.alloc(12);
    bytes.writeBigUInt64LE(ofDay);
    bytes.writeInt32LE(Number((value - ofDay) / day) + JULIAN_1970, 8);
    return bytes;
  });
  const keys = nanos.map(() => Buffer.concat([Buffer.from([1, 0, 0, 0]), Buffer.from('k')]));
  const path = join(directory, 'int96.parquet');
  const columns = [
    { name: 'k', type: 'BYTE_ARRAY', converted: 0, values: keys },
    { name: 'x', type: 'INT96', values },
  ] as const;
  writeFileSync(path, parquetFile(columns));
  const file = await openParquet(path, schemaOf(TYPES.millis), 'k');
  const rows: ParquetRow[] = [];
  for await (const chunk of file.rows()) rows.push(...chunk.rows);
  file.close();
  const floors = nanos.map((value) =>
    Number((value - (((value % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n),
  );
  expect(rows.map((row) => (row.ok ? row.event.x : row))).toEqual(floors);
});

test('a text that is not UTF-8 is a misfit of its row, wherever it stands in the file', async () => {
  const path = join(directory, 'ill.parquet');
  // Long enough not to be in a dictionary, over several row groups and vectors.
  await connection.run(`COPY (SELECT CASE WHEN i IN (5, 7000) THEN 'ZZZZZ' || i ELSE 'é' || i END AS k, i AS x, ['a' || i] AS l,
    {'on': 'ZZZZZ' || (CASE WHEN i = 9000 THEN 'Q' ELSE 'x' END)} AS r
    FROM range(10000) AS t(i)) TO '${path}' (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 2048)`);
  const bytes = readFileSync(path);
  for (const found of ['ZZZZZ5', 'ZZZZZ7000', 'ZZZZZQ']) {
    for (let at = bytes.indexOf(found); at !== -1; at = bytes.indexOf(found, at + 1)) bytes[at + 4] = 0xff;
  }
  writeFileSync(path, bytes);
  const text = { type: 'record', name: 'T', fields: [{ name: 'on', type: 'string' }] };
  const schema = schemaOf('long');
  const fields = [...schema.fields, { name: 'l', type: TYPES.texts }, { name: 'r', type: text }];
  const file = await openParquet(path, JSON.parse(JSON.stringify({ ...schema, fields })), 'k');
  const rows: ParquetRow[] = [];
  for await (const chunk of file.rows()) rows.push(...chunk.rows);
  file.close();
  expect(rows).toHaveLength(10_000);
  const refused = [...rows.entries()].filter(([, row]) => !row.ok);
  expect(refused.map(([i, row]) => [i, row.ok ? '' : row.detail.split(' ')[0]])).toEqual([
    [5, 'k'],
    [7000, 'k'],
    [9000, 'r.on'],
  ]);
  expect(rows[9999]).toMatchObject({ ok: true, event: { k: 'é9999', x: 9999, l: ['a9999'] } });
});

describe('a file is refused in words', () => {
  test.each<[string, string, string]>([
    ["TIMESTAMP '2018-04-01 00:00:00'", 'date', 'the column x is TIMESTAMP, which has no exact form'],
    ["DATE '2018-04-01'", 'millis', 'the column x is DATE'],
    ["TIMESTAMPTZ '2018-04-01 00:00:00+00'", 'localMicros', 'where the field x is long of local-timestamp-micros'],
    ['5', 'string', 'the column x is INTEGER'],
    ['5', 'boolean', 'the column x is INTEGER'],
    ["INTERVAL '1 day'", 'long', 'the column x is INTERVAL'],
    ["'a'", 'long', 'the column x is VARCHAR'],
    ['[1]', 'long', 'the column x is INTEGER[]'],
    ["['a']", 'list', 'the column x is VARCHAR[]'],
    ["{'on': [5]}", 'record', 'the column x is STRUCT'],
    ["{'other': 5}", 'record', 'the column x is STRUCT'],
  ])('%s where the field is %s', async (sql, name, message) => {
    await expect(rowsOf(`${sql} AS x`, typeOf(name))).rejects.toThrow(message);
  });

  test('when a field has no column and no default, or a column no field', async () => {
    await expect(rowsOf('1 AS y', 'long')).rejects.toThrow('the column y is no field of A');
    await connection.run(`COPY (SELECT 'k' AS k) TO '${join(directory, 'k.parquet')}' (FORMAT parquet)`);
    await expect(openParquet(join(directory, 'k.parquet'), schemaOf('long'), 'k')).rejects.toThrow(
      'there is no column for the field x of A',
    );
  });
});
