/** Fields of logical types in JSON and CSV: DuckDB reads the same texts, and says what they are. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createCsvDecoder } from '../../src/messages/csv.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';

const TYPES = {
  millis: { type: 'long', logicalType: 'timestamp-millis' },
  micros: { type: 'long', logicalType: 'timestamp-micros' },
  localMillis: { type: 'long', logicalType: 'local-timestamp-millis' },
  localMicros: { type: 'long', logicalType: 'local-timestamp-micros' },
  date: { type: 'int', logicalType: 'date' },
  timeMillis: { type: 'int', logicalType: 'time-millis' },
  timeMicros: { type: 'long', logicalType: 'time-micros' },
  uuid: { type: 'string', logicalType: 'uuid' },
  uuidBytes: { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' },
  decimal: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
  decimalFixed: { type: 'fixed', name: 'D', size: 4, logicalType: 'decimal', precision: 9, scale: 2 },
} as const;
type TypeName = keyof typeof TYPES;

function schemaOf(type: object | readonly unknown[]): AvroRecord {
  return JSON.parse(
    JSON.stringify({
      type: 'record',
      name: 'A',
      fields: [
        { name: 'k', type: 'string' },
        { name: 'x', type },
      ],
    }),
  );
}

/** As JSON and as a cell, of a field that may be null and of one that may not; all four say the same. */
function read(name: TypeName, text: string): unknown {
  const results = [TYPES[name], ['null', TYPES[name]]].flatMap((type) => {
    const json = createJsonDecoder(schemaOf(type), 'k').value({
      k: 'k',
      x: /^-?\d+$/.test(text) && !name.startsWith('decimal') ? Number(text) : text,
    });
    const csv = createCsvDecoder(schemaOf(type), 'k', Buffer.from('k,x')).row(Buffer.from(`k,"${text}"`));
    return [json, csv].map((decoded) =>
      decoded.ok ? decoded.event.x : { reason: decoded.reason, detail: decoded.detail },
    );
  });
  const [first] = results;
  const isRefused = typeof first === 'object' && first !== null && 'reason' in first;
  for (const other of results) {
    if (isRefused) expect(other).toMatchObject({ reason: first.reason, detail: expect.stringMatching(/^x /) });
    else expect(other).toEqual(first);
  }
  return isRefused ? first.reason : first;
}

describe('a text or number of a logical type', () => {
  test.each<[TypeName, string, unknown]>([
    ['millis', '2018-04-01T00:00:31.5Z', 1_522_540_831_500],
    ['micros', '2018-04-01T00:00:31.1234567Z', 1_522_540_831_123_456],
    ['micros', '1969-12-31T23:59:59.999999Z', -1],
    ['micros', '1522540831123456', 1_522_540_831_123_456],
    ['micros', '2018-04-01T02:00:31.12+02:00', 1_522_540_831_120_000],
    ['localMillis', '2018-04-01T00:00:31', 1_522_540_831_000],
    ['localMicros', '2018-04-01T00:00:31.000001', 1_522_540_831_000_001],
    ['date', '2018-04-01', 17_622],
    ['date', '17622', 17_622],
    ['date', '1969-12-31', -1],
    ['timeMillis', '10:17:43.5', 37_063_500],
    ['timeMicros', '23:59:59.999999', 86_399_999_999],
    ['timeMicros', '10:17', 37_020_000_000],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
    ['uuidBytes', '123e4567-e89b-12d3-a456-426614174000', Buffer.from('123e4567e89b12d3a456426614174000', 'hex')],
    ['decimal', '12.34', Buffer.from('04d2', 'hex')],
    ['decimal', '-1', Buffer.from('9c', 'hex')],
    ['decimal', '1.5e2', Buffer.from('3a98', 'hex')],
    ['decimal', '12.3400', Buffer.from('04d2', 'hex')],
    ['decimalFixed', '-0.01', Buffer.from('ffffffff', 'hex')],
    ['decimalFixed', '9999999.99', Buffer.from('3b9ac9ff', 'hex')],
  ])('%s %s is taken', (name, text, value) => {
    expect(read(name, text)).toEqual(value);
  });

  test.each<[TypeName, string, string]>([
    ['millis', '2018-04-01', 'invalid-time'],
    ['micros', '2018-04-01T00:00:31', 'invalid-time'],
    ['micros', '99999999999999999999', 'invalid-time'],
    ['localMillis', '2018-04-01T00:00:31Z', 'invalid-time'],
    ['localMicros', '2018-04-01T00:00:31+02:00', 'invalid-time'],
    ['date', '2018-04-01T00:00:00Z', 'invalid-time'],
    ['date', '99999999999', 'invalid-time'],
    ['date', '2018-02-30', 'invalid-time'],
    ['date', '18-04-01', 'invalid-time'],
    ['timeMillis', '24:00:00', 'invalid-time'],
    ['timeMillis', '86400000', 'invalid-time'],
    ['timeMillis', '-1', 'invalid-time'],
    ['timeMicros', '10', 'ok'],
    ['uuid', '123e4567e89b12d3a456426614174000', 'wrong-type'],
    ['uuid', 'none', 'wrong-type'],
    ['uuidBytes', '123e4567-e89b-12d3-a456-42661417400g', 'wrong-type'],
    ['decimal', '1.234', 'wrong-type'],
    ['decimal', 'twelve', 'wrong-type'],
    ['decimal', '10000000', 'too-large'],
    ['decimal', '1e99999999999', 'too-large'],
    ['decimal', '1e-99999999999', 'wrong-type'],
    ['decimalFixed', '1e8', 'too-large'],
    ['decimal', 'NaN', 'wrong-type'],
  ])('%s %s is refused, and the field is named', (name, text, reason) => {
    if (reason === 'ok') expect(read(name, text)).toBe(10);
    else expect(read(name, text)).toBe(reason);
  });

  test('that is a number of JSON is a decimal by its digits, and not by the double that JSON.parse makes of them', () => {
    const decoder = createJsonDecoder(schemaOf(TYPES.decimal), 'k');
    expect(decoder.line('{"k":"","x":12.34}')).toMatchObject({ ok: true, event: { x: Buffer.from('04d2', 'hex') } });
    const wide = createJsonDecoder(schemaOf({ ...TYPES.decimal, precision: 30 }), 'k');
    const x = Buffer.from('112210f47de98115', 'hex');
    expect(wide.line('{"k":"","x":12345678901234567.89}')).toMatchObject({ ok: true, event: { x } });
    expect(wide.line('{"k":"","x":"12345678901234567.89"}')).toMatchObject({ ok: true, event: { x } });
    expect(wide.value({ k: '', x: 1234567890123456.5 })).toMatchObject({ ok: false, reason: 'too-large' });
  });

  test('has the default that the schema says in Avro, whatever it takes itself', () => {
    const schema = schemaOf(TYPES.decimal);
    const fields = [...schema.fields.slice(0, 1), { name: 'x', type: schema.fields[1]!.type, default: '\u0004\u00d2' }];
    const decoder = createJsonDecoder({ ...schema, fields }, 'k');
    expect(decoder.line('{"k":""}')).toMatchObject({ ok: true, event: { x: Buffer.from('04d2', 'hex') } });
    const csv = createCsvDecoder({ ...schema, fields }, 'k', Buffer.from('k'));
    expect(csv.row(Buffer.from('k'))).toMatchObject({ ok: true, event: { x: Buffer.from('04d2', 'hex') } });
  });
});

describe('what DuckDB makes of a text', () => {
  let instance: DuckDBInstance;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(':memory:');
  });
  afterAll(() => instance.closeSync());

  async function ask(expression: string, texts: readonly string[]): Promise<unknown[]> {
    const connection = await instance.connect();
    const rows = texts.map((text, i) => `(${i}, '${text}')`).join(', ');
    await connection.run("SET TimeZone = 'UTC'");
    const read = await connection.runAndReadAll(
      `SELECT (${expression})::VARCHAR FROM (VALUES ${rows}) AS t(i, text) ORDER BY i`,
    );
    connection.closeSync();
    return read.getRows().map(([value]) => value);
  }
  const two = (n: number) => String(n).padStart(2, '0');
  const date = fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10));
  /** Whose microseconds a number holds. */
  const near = fc
    .date({ min: new Date('1700-01-01'), max: new Date('2250-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10));
  const clock = fc
    .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.integer({ min: 0, max: 999_999 }))
    .map(([h, m, s, us]) => `${two(h)}:${two(m)}:${two(s)}.${String(us).padStart(6, '0')}`);
  const zone = fc.constantFrom('Z', '+05:30', '-08:00');
  const decimal = fc
    .tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.nat(99))
    .map(([whole, cents]) => `${whole}.${two(cents)}`);

  test.each<[TypeName, fc.Arbitrary<string>, string, (value: unknown) => unknown]>([
    ['micros', fc.tuple(near, clock, zone).map(([d, c, z]) => `${d}T${c}${z}`), 'epoch_us(text::TIMESTAMPTZ)', String],
    ['localMicros', fc.tuple(near, clock).map(([d, c]) => `${d}T${c}`), 'epoch_us(text::TIMESTAMP)', String],
    ['date', date, "text::DATE - DATE '1970-01-01'", String],
    ['timeMicros', clock, 'epoch_us(text::TIME)', String],
    [
      'decimal',
      decimal,
      'text::DECIMAL(9, 2)',
      (value) => {
        const bytes = Buffer.isBuffer(value) ? value : Buffer.alloc(0);
        const cents = Number(BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`)));
        return (cents / 100).toFixed(2);
      },
    ],
  ])('is what the field %s holds', async (name, text, expression, shown) => {
    const texts = fc.sample(text, { numRuns: 150, seed: 5 });
    const expected = await ask(expression, texts);
    expect(texts.map((own) => shown(read(name, own)))).toEqual(expected);
  });
});
