import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createCsvDecoder } from '../../src/messages/csv.ts';
import { dialectOf, RFC_4180 } from '../../src/messages/csv-options.ts';
import { RAW_BYTES_MAX } from '../../src/messages/streams.ts';
import { createRecordSplitter, isNoRecord } from '../../src/sources/csv-records.ts';
import { createLineSplitter, MAX_LINE_BYTES } from '../../src/sources/lines.ts';

interface Given {
  readonly line: number;
  readonly last: number;
  readonly text: string;
  readonly length?: number;
}

function split(chunks: readonly Buffer[], max?: number, options = RFC_4180): Given[] {
  const given: Given[] = [];
  const splitter = createRecordSplitter(
    {
      record: (bytes, line, last) => given.push({ line, last, text: bytes.toString('latin1') }),
      tooLong: (head, length, line, last) => given.push({ line, last, text: head.toString('latin1'), length }),
    },
    dialectOf(options),
    max,
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return given;
}

const of = (text: string) => split([Buffer.from(text, 'latin1')]);
const cutUp = (bytes: Buffer) =>
  fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return edges.slice(1).map((edge, n) => bytes.subarray(edges[n], edge));
  });

describe('records', () => {
  test.each([
    [
      'a\n"b\nc"\nd',
      [
        [1, 1, 'a'],
        [2, 3, '"b\nc"'],
        [4, 4, 'd'],
      ],
    ],
    [
      '"b\r\nc",1\r\nd\r\n',
      [
        [1, 2, '"b\r\nc",1'],
        [3, 3, 'd'],
      ],
    ],
    [
      'a,"b\n""c\n",d\n\ne',
      [
        [1, 3, 'a,"b\n""c\n",d'],
        [4, 4, ''],
        [5, 5, 'e'],
      ],
    ],
    // A quote that opens no cell is a character as any other.
    [
      '5" pipe\nx, "y\nz',
      [
        [1, 1, '5" pipe'],
        [2, 2, 'x, "y'],
        [3, 3, 'z'],
      ],
    ],
    // Behind a closing quote the cell goes on in plain, and the next one may be quoted.
    [
      '"a"b\n"a"b,"c\nd"\ne',
      [
        [1, 1, '"a"b'],
        [2, 3, '"a"b,"c\nd"'],
        [4, 4, 'e'],
      ],
    ],
    [
      '\xef\xbb\xbf"a\nb"\nc',
      [
        [1, 2, '"a\nb"'],
        [3, 3, 'c'],
      ],
    ],
    ['"a\n\n', [[1, 2, '"a\n\n']]],
    ['"a\n\nb', [[1, 3, '"a\n\nb']]],
    [
      'x\n"',
      [
        [1, 1, 'x'],
        [2, 2, '"'],
      ],
    ],
    [
      '""\n""""\n"""\n"',
      [
        [1, 1, '""'],
        [2, 2, '""""'],
        [3, 4, '"""\n"'],
      ],
    ],
  ])('of %j are numbered by their first line and know their last', (text, expected) => {
    expect(of(text).map(({ line, last, text: own }) => [line, last, own])).toEqual(expected);
  });

  test('are the same however the bytes are cut into chunks, and never held beyond the cap', () => {
    const byte = fc.constantFrom(10, 13, 34, 34, 34, 44, 97, 0xef, 0xbb, 0xbf);
    const input = fc
      .tuple(fc.boolean(), fc.array(byte, { maxLength: 60 }))
      .map(([mark, bytes]) => Buffer.from(mark ? [0xef, 0xbb, 0xbf, ...bytes] : bytes));
    fc.assert(
      fc.property(
        input.chain((bytes) => fc.tuple(fc.constant(bytes), cutUp(bytes))),
        fc.integer({ min: 1, max: 8 }),
        ([bytes, chunks], max) => {
          expect(split(chunks, max)).toEqual(split([bytes], max));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('without a quote are lines', () => {
    const text = fc.array(fc.constantFrom('\n', '\r\n', 'a', ',', 'é', '\r')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (input) => {
        const lines: Given[] = [];
        const splitter = createLineSplitter({
          line: (bytes, line) => lines.push({ line, last: line, text: bytes.toString('latin1') }),
          tooLong: () => {},
        });
        splitter.push(Buffer.from(input));
        splitter.end();
        expect(split([Buffer.from(input)])).toEqual(lines);
      }),
    );
  });

  test('within quotes that do not end are one, however many lines they take in, and are not held', () => {
    const rows = Buffer.from('evil,1000,5\n'.repeat(10_000));
    let peak = 0;
    const given: unknown[] = [];
    const sink = {
      record: (_: Buffer, line: number, last: number) => given.push([line, last]),
      tooLong: (head: Buffer, length: number, line: number, last: number) =>
        given.push([line, last, head.length, length]),
    };
    const splitter = createRecordSplitter(sink, dialectOf(RFC_4180));
    const before = process.memoryUsage().arrayBuffers;
    splitter.push(Buffer.from('k,t,x\n"a,1,1\n'));
    for (let n = 0; n < 500; n++) {
      splitter.push(rows);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    splitter.end();
    expect(given).toEqual([
      [1, 1],
      [2, 5_000_002, RAW_BYTES_MAX, 500 * rows.length + 7],
    ]);
    expect(peak).toBeLessThan(8 * MAX_LINE_BYTES);
  });

  test('that are too long end at their closing quote, and the next one follows', () => {
    const long = `"${'x,1,1\n'.repeat(40)}",2,3`;
    expect(split([Buffer.from(`h\n${long}\r\nnext\n`)], 100)).toMatchObject([
      { line: 1, text: 'h' },
      { line: 2, last: 42, length: long.length },
      { line: 43, last: 43, text: 'next' },
    ]);
  });

  test('take time in proportion to their bytes, with a quote for each cell and none of their lines ending', () => {
    const cells = Buffer.from('"a",'.repeat(524_288));
    const started = performance.now();
    const splitter = createRecordSplitter({ record: () => {}, tooLong: () => {} }, dialectOf(RFC_4180));
    splitter.push(cells);
    splitter.end();
    // 2 MB: 20 ms on an idle machine, and a minute where each quote has the rest of its chunk read.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the rows of a CSV file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-csv-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  const schema: AvroRecord = {
    type: 'record',
    name: 'Row',
    fields: ['a', 'b', 'c'].map((name) => ({ name, type: 'string' as const })),
  };
  const cell = fc
    .tuple(fc.array(fc.constantFrom('x', '"', ',', '\n', '\r\n', 'é', '🙂', ' ', '1'), { maxLength: 6 }), fc.boolean())
    .map(([parts, quoted]) => {
      const text = parts.join('');
      return { text, written: quoted || /["\n\r,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text };
    });
  const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 40 });

  test('are those that DuckDB reads, each at the line that it begins on', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const path = join(directory, 'rows.csv');
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (rows, end, ends) => {
        const written = rows.map((row) => row.map((own) => own.written).join(','));
        const text = `a,b,c${end}${written.join(end)}${ends ? end : ''}`;
        writeFileSync(path, text);
        const options = `header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', auto_detect = false,
          columns = {a: 'VARCHAR', b: 'VARCHAR', c: 'VARCHAR'}, max_line_size = 100000, new_line = '${end === '\n' ? '\\n' : '\\r\\n'}'`;
        const read = await connection.runAndReadAll(
          `SELECT coalesce(a, ''), coalesce(b, ''), coalesce(c, '') FROM read_csv('${path}', ${options})`,
        );
        const records = split([Buffer.from(text)]).slice(1);
        const csv = createCsvDecoder(schema, '', Buffer.from('a,b,c'));
        const own = records.map((record) => {
          const decoded = csv.row(Buffer.from(record.text, 'latin1'));
          if (!decoded.ok) throw new Error(decoded.detail);
          return Object.values(decoded.event);
        });
        expect(own).toEqual(read.getRowsJson());
        expect(own).toEqual(rows.map((row) => row.map((each) => each.text)));
        const before = written.map((_, i) => `a,b,c${end}${written.slice(0, i).join(end)}`);
        expect(records.map(({ line }) => line)).toEqual(
          before.map((prefix, i) => prefix.split('\n').length + (i === 0 ? 0 : 1)),
        );
      }),
      { numRuns: 60 },
    );
    connection.closeSync();
    instance.closeSync();
  });
});

test('quotes within comments, and in lines before the header, open no cell, however the file is cut', () => {
  const text = '\uFEFF"a report\n"of\nid,note\n# "old\nx,"1\n# 2"\r\n#,"\r\ny,#3\n""#\n#end"';
  const options = { ...RFC_4180, comment: '#', skipLines: 2 };
  const bytes = Buffer.from(text);
  fc.assert(
    fc.property(cutUp(bytes), (chunks) => {
      const records = split(chunks, undefined, options).filter(({ line, text: own }) => {
        return !isNoRecord(dialectOf(options), Buffer.from(own, 'latin1'), line);
      });
      expect(records.map(({ line, last, text: own }) => [line, last, own])).toEqual([
        [3, 3, 'id,note'],
        [5, 6, 'x,"1\n# 2"'],
        [8, 8, 'y,#3'],
        [9, 9, '""#'],
      ]);
    }),
  );
});
