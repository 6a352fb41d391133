/** Random CSV in random dialects: the rows that are taken are those that DuckDB takes with the same options. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { type CsvDecoder, createCsvDecoder } from '../../src/messages/csv.ts';
import { type CsvOptions, dialectOf, RFC_4180 } from '../../src/messages/csv-options.ts';
import { createRecordSplitter } from '../../src/sources/csv-records.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-csv-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const nullable = (type: 'string' | 'long' | 'double') => ['null', type] as const;
const schema: AvroRecord = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'a', type: nullable('string'), default: null },
    { name: 'n', type: nullable('long'), default: null },
    { name: 'x', type: nullable('double'), default: null },
  ],
};

interface Read {
  readonly rows: unknown[][];
  /** Of what was refused: line and why. */
  readonly refused: readonly { readonly line: number; readonly detail: string }[];
  readonly records: number;
}

function read(text: Buffer, options: CsvOptions): Read {
  const rows: unknown[][] = [];
  const refused: { line: number; detail: string }[] = [];
  let decoder: CsvDecoder | null = options.header === true ? null : createCsvDecoder(schema, '', null, options);
  let records = 0;
  const splitter = createRecordSplitter(
    {
      record(bytes, line) {
        if (decoder === null) {
          decoder = createCsvDecoder(schema, '', bytes, options);
          return;
        }
        if (bytes.length === 0) return;
        records += 1;
        const decoded = decoder.row(bytes);
        if (decoded.ok) rows.push(Object.values(decoded.event));
        else refused.push({ line, detail: decoded.detail });
      },
      tooLong() {},
    },
    dialectOf(options),
  );
  splitter.push(text);
  splitter.end();
  return { rows, refused, records };
}

const texts = fc.constantFrom('', 'NA', 'x', 'é', '🙂 y', '\\N', 'a b');
const longs = fc.constantFrom('1', '-20', '0', 'NA', '', 'x', '9007199254740990', '3.0');
const doubles = fc.constantFrom('1.5', '1e3', '-0.25', '', 'NA', 'y', '7');

/** A row as its options would write it, or one that is broken in one of the ways that files are. */
const rowOf = (delimiter: string, quote: string, end: string) => {
  const special = fc.constantFrom(delimiter, quote, end, 'z');
  const long = fc.tuple(texts, special, texts).map((parts) => parts.join(''));
  const quoted = (text: string): string => `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
  const written = (cell: fc.Arbitrary<string>) =>
    fc
      .tuple(cell, fc.boolean())
      .map(([text, isQuoted]) =>
        isQuoted || /[\n\r]/.test(text) || text.includes(delimiter) || text.includes(quote) ? quoted(text) : text,
      );
  const whole = fc
    .tuple(written(fc.oneof(texts, long)), written(longs), written(doubles))
    .map((cells) => cells.join(delimiter));
  // A cell too many that is null is none for DuckDB; here it is one.
  const ragged = fc
    .array(written(fc.constantFrom('1', 'x', '-20')), { minLength: 2, maxLength: 5 })
    .filter(({ length }) => length !== 3)
    .map((cells) => cells.join(delimiter));
  const behind = fc.constant([`${quote}q${quote}b`, '1', '2'].join(delimiter));
  const of = (isBroken: boolean) => (text: string) => ({ text, isBroken });
  return fc.oneof(
    { weight: 8, arbitrary: whole.map(of(false)) },
    { weight: 1, arbitrary: ragged.map(of(false)) },
    { weight: 1, arbitrary: behind.map(of(true)) },
  );
};

const file = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    quote: fc.constantFrom('"', "'"),
    nulls: fc.constantFrom([''], ['NA', ''], ['NA', '\\N', '']),
    header: fc.boolean(),
    end: fc.constantFrom('\n', '\r\n'),
    mark: fc.boolean(),
    lastEnd: fc.boolean(),
  })
  .chain((form) =>
    fc.tuple(fc.constant(form), fc.array(rowOf(form.delimiter, form.quote, form.end), { minLength: 1, maxLength: 12 })),
  );

test('the rows of any file are those that DuckDB takes, and each other row says its line and its column', async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const path = join(directory, 'any.csv');
  let taken = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(file, async ([{ delimiter, quote, nulls, header, end, mark, lastEnd }, lines]) => {
      const written = (own: typeof lines): string => {
        const all = [...(header ? [['a', 'n', 'x'].join(delimiter)] : []), ...own.map((line) => line.text)];
        return `${mark ? '\uFEFF' : ''}${all.join(end)}${lastEnd ? end : ''}`;
      };
      const text = written(lines);
      // Behind a cell that goes on after its closing quote DuckDB takes the next quote for another than it is.
      writeFileSync(path, written(lines.filter(({ isBroken }) => !isBroken)));
      const word = (value: string) => `'${value.replaceAll("'", "''")}'`;
      // Its reader gives 0 for a text that is no number where a later row is ragged, so its casts judge the cells.
      const rows = await connection.runAndReadAll(
        `SELECT a, TRY_CAST(n AS BIGINT) AS n1, TRY_CAST(x AS DOUBLE) AS x1 FROM read_csv(${word(path)}, auto_detect = false, header = ${header}, delim = ${word(delimiter)}, quote = ${word(quote)},
          escape = ${word(quote)}, nullstr = [${nulls.map(word).join(', ')}], ignore_errors = true, strict_mode = true,
          columns = {a: 'VARCHAR', n: 'VARCHAR', x: 'VARCHAR'})
          WHERE (n IS NULL) = (n1 IS NULL) AND (x IS NULL) = (x1 IS NULL)`,
      );
      const own = read(Buffer.from(text), { ...RFC_4180, delimiter, quote, nulls, header });
      const expected = rows
        .getRows()
        .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
      expect({ text, rows: own.rows }).toEqual({ text, rows: expected });
      expect(own.records).toBe(own.rows.length + own.refused.length);
      for (const { line, detail } of own.refused) {
        expect(line).toBeGreaterThan(header ? 1 : 0);
        expect(detail).toMatch(/^(n|x|a) (must|is)|^the row has \d+ cells|^the quoted cell \d/);
      }
      taken += own.rows.length;
      refused += own.refused.length;
    }),
    { numRuns: 150 },
  );
  expect(taken).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(100);
  connection.closeSync();
  instance.closeSync();
});
