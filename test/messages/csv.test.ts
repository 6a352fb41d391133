import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelColumns } from '../../src/fraud/label-columns.ts';
import { transactionSchema } from '../../src/fraud/schemas.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { companionOf } from '../../src/messages/companion.ts';
import { createCsvDecoder } from '../../src/messages/csv.ts';
import { RFC_4180 } from '../../src/messages/csv-options.ts';

const HANDBOOK = 'transaction_id,occurred_at,customer_id,terminal_id,amount_cents,fraud,scenario';

const readingSchema = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'station', type: 'string' },
    { name: 'takenAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'celsius', type: ['null', 'double'], default: null },
    { name: 'count', type: 'int', default: 1 },
    { name: 'ok', type: 'boolean', default: true },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['hourly', 'daily'] }, default: 'hourly' },
    { name: 'note', type: 'string', default: '' },
  ],
} as const satisfies AvroRecord;

const decoder = (header: string, schema: AvroRecord = readingSchema, key = 'station') =>
  createCsvDecoder(schema, key, Buffer.from(header), RFC_4180, companionOf([labelColumns], schema));
const rows = (header: string, ...lines: (string | Buffer)[]) => {
  const csv = decoder(header);
  return lines.map((line) => csv.row(typeof line === 'string' ? Buffer.from(line) : line));
};
const transactions = decoder(HANDBOOK, transactionSchema, 'customerId');

describe('a row of the handbook', () => {
  test('is a transaction, with its label beside it', () => {
    expect(transactions.row(Buffer.from('3527,2018-04-01T10:17:43Z,3774,3059,22541,1,1'))).toEqual({
      ok: true,
      event: {
        transactionId: 3527,
        occurredAt: Date.UTC(2018, 3, 1, 10, 17, 43),
        customerId: 3774,
        terminalId: 3059,
        amountCents: 22_541,
      },
      beside: { fraud: true, scenario: 1 },
    });
  });

  test.each([
    ['1,2018-04-01T00:00:31Z,2,3,x,0,0', 'wrong-type', 'amount_cents must be a whole number: found "x"'],
    ['1,2018-04-01T00:00:31Z,2,3,1.5,0,0', 'wrong-type', 'amount_cents'],
    ['1,2018-04-01T00:00:31Z,2,3, 5,0,0', 'wrong-type', 'amount_cents'],
    ['1,2018-04-01T00:00:31Z,2,3,-,0,0', 'wrong-type', 'amount_cents'],
    ['1,2018-04-01T00:00:31Z,2,3,,0,0', 'missing-field', 'amount_cents is empty'],
    ['1,2018-04-01T00:00:31Z,,3,4,0,0', 'null-key', 'customer_id'],
    ['1,2018-04-01T00:00:31Z,2,3,9007199254740993,0,0', 'too-large', 'found "9007199254740993"'],
    ['1,2018-04-31T00:00:31Z,2,3,4,0,0', 'invalid-time', 'occurred_at'],
    ['1,2018-04-01T00:00:31,2,3,4,0,0', 'invalid-time', 'occurred_at'],
    ['1,2018-04-01T00:00:31Z,2,3,4,2,0', 'wrong-type', 'fraud must be true or false: found "2"'],
    [
      '1,2018-04-01T00:00:31Z,2,3,4,0',
      'missing-field',
      'scenario is missing: the row has 6 cells where the header has 7',
    ],
    ['1', 'missing-field', 'occurred_at'],
    ['1,2018-04-01T00:00:31Z,2,3,4,0,0,', 'unknown-field', 'the row has 8 cells where the header has 7'],
    ['1,2018-04-01T00:00:31Z,2,"3,4,0,0', 'not-csv', 'quoted'],
    ['1,2018-04-01T00:00:31Z,2,"3"x,4,0,0', 'not-csv', 'quoted'],
  ])('is refused: %s', (line, reason, detail) => {
    const decoded = transactions.row(Buffer.from(line));
    expect(decoded).toMatchObject({ ok: false, reason });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(detail));
  });
});

describe('a row', () => {
  test('may have its columns in any order and in either case, defaults where a column is absent', () => {
    expect(rows('celsius,taken_at,station', '-1.5,1000,Oslo')).toEqual([
      {
        ok: true,
        event: { station: 'Oslo', takenAt: 1000, celsius: -1.5, count: 1, ok: true, kind: 'hourly', note: '' },
        beside: null,
      },
    ]);
    expect(rows('station,takenAt,kind,ok', 'Oslo,5,daily,0')).toMatchObject([{ event: { kind: 'daily', ok: false } }]);
  });

  test('has null in an empty cell where null may stand, and the empty text where it may not', () => {
    expect(rows('station,taken_at,celsius,note', 'Oslo,1,,')).toMatchObject([{ event: { celsius: null, note: '' } }]);
  });

  test.each([
    ['Oslo,1,warm', 'wrong-type', 'celsius must be a number: found "warm"'],
    ['Oslo,1,0x10', 'wrong-type', 'celsius'],
    ['Oslo,1, 1', 'wrong-type', 'celsius'],
    [',1,1', 'null-key', 'station'],
  ])('is refused: %s', (line, reason, detail) => {
    const [decoded] = rows('station,taken_at,celsius', line);
    expect(decoded).toMatchObject({ ok: false, reason });
    expect(decoded).toHaveProperty('detail', expect.stringContaining(detail));
  });

  test('is refused when text is not UTF-8', () => {
    const [decoded] = rows('station,taken_at', Buffer.from('\xff,1', 'latin1'));
    expect(decoded).toMatchObject({ ok: false, reason: 'not-unicode' });
  });

  test.each(['NaN', 'nan', 'inf', '-inf', 'Infinity', '+Infinity', '1e999', '-1e999'])('reads %s as null', (cell) => {
    expect(rows('station,taken_at,celsius', `Oslo,1,${cell}`)).toMatchObject([{ ok: true, event: { celsius: null } }]);
  });

  test('gives back any texts that were quoted as RFC 4180 says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', ' ', 'é', '🙂', '\r'), minLength: 1 });
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(text, text, fc.boolean(), (station, note, quoteTime) => {
        const line = [quoted(station), quoteTime ? '"7"' : '7', quoted(note)].join(',');
        expect(rows('station,taken_at,note', line)).toMatchObject([{ ok: true, event: { station, takenAt: 7, note } }]);
      }),
    );
  });

  test('of any bytes is an event or has a reason, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom('', '1,', '"1",'), (bytes, prefix) => {
        const decoded = transactions.row(Buffer.concat([Buffer.from(prefix), bytes]));
        expect(decoded.ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a header', () => {
  test.each([
    ['station,taken_at,colour', 'line 1: the column colour is no field of Reading'],
    ['station', 'line 1: there is no column for the field takenAt'],
    ['station,taken_at,takenAt', 'line 1: taken_at and takenAt are the same field'],
    ['station,taken_at,fraud', 'line 1: the column fraud is no field of Reading'],
    ['"station,taken_at', 'line 1: in the header, the quoted cell 1 does not end'],
  ])('is refused: %s', (header, message) => {
    expect(() => decoder(header)).toThrow(message);
  });

  test('may be quoted', () => {
    expect(rows('"station","taken_at"', 'Oslo,1')).toMatchObject([{ ok: true, event: { station: 'Oslo' } }]);
  });

  test('may not name a field that a cell can not hold', () => {
    const schema: AvroRecord = {
      type: 'record',
      name: 'A',
      fields: [{ name: 'x', type: { type: 'array', items: 'int' } }],
    };
    expect(() => decoder('x', schema, 'x')).toThrow("the column x is of a type that a cell of CSV can't hold");
  });
});
