/** What a CSV file has: DuckDB says how it is written, and every row is read to say what its columns are. */
import { annotated } from '../messages/annotated.ts';
import type { AvroSchema } from '../messages/avro.ts';
import type { CsvDecoder } from '../messages/csv.ts';
import { type CsvOptions, dialectOf, RFC_4180 } from '../messages/csv-options.ts';
import { cellsOf, textDecoder } from '../messages/csv-texts.ts';
import { sniffCsv } from '../projections/sniff.ts';
import { createRecordSplitter } from '../sources/csv-records.ts';
import { openInput } from '../sources/file/open.ts';
import { type ColumnKinds, createColumnKinds, type Kind } from './column-kinds.ts';
import { timeOf } from './found-time.ts';
import { DraftError, type Found, type FoundField } from './stream-draft.ts';

export async function csvFile(path: string): Promise<Found> {
  const sniffed = await sniffCsv(path);
  const own = { delimiter: sniffed.delimiter, quote: sniffed.quote };
  const { titles, columns, records, misfits } = await readColumns(
    path,
    { ...RFC_4180, ...own, nulls: [] },
    sniffed.hasHeader,
  );
  const kinds = columns.map((column) => column.kind());
  const nulls = nullsOf(columns, kinds);
  const decimal =
    kinds.some(({ name }) => name === 'comma') && !kinds.some(({ name }) => name === 'double') ? ',' : '.';
  const formats = [...new Set(kinds.flatMap(({ format }) => format ?? []))];
  return {
    fields: titles.map((title, i) => fieldOf(title, columns[i]!, kinds[i]!, { nulls, decimal, formats, records })),
    records,
    misfits,
    format: {
      csv: {
        ...(own.delimiter === RFC_4180.delimiter ? {} : { delimiter: own.delimiter }),
        ...(own.quote === RFC_4180.quote ? {} : { quote: own.quote }),
        ...(sniffed.hasHeader ? {} : { header: titles }),
        ...(nulls.length === 0 ? {} : { nulls: [...nulls, ''] }),
        ...(decimal === '.' ? {} : { decimal }),
      },
    },
    timesIn: 'csv',
    canRename: true,
  };
}

interface Columns {
  readonly titles: readonly string[];
  readonly columns: readonly ColumnKinds[];
  readonly records: number;
  readonly misfits: number;
}

async function readColumns(path: string, options: CsvOptions, hasHeader: boolean): Promise<Columns> {
  let titles: readonly string[] = [];
  let columns: readonly ColumnKinds[] = [];
  let decoder: CsvDecoder | null = null;
  let records = 0;
  let misfits = 0;
  function begin(bytes: Buffer): void {
    const cells = cellsOf(bytes, options);
    if ('problem' in cells) throw new DraftError(`line 1: ${cells.problem}`);
    titles = hasHeader ? cells.map((cell) => cell.trim()) : cells.map((_, i) => `column${i + 1}`);
    columns = titles.map(createColumnKinds);
    decoder = textDecoder(titles.length, options);
  }
  function take(bytes: Buffer): void {
    const first = decoder === null;
    if (first) begin(bytes);
    if ((first && hasHeader) || bytes.length === 0) return;
    records += 1;
    const decoded = decoder?.row(bytes);
    if (decoded?.ok !== true) {
      misfits += 1;
      return;
    }
    for (const [i, column] of columns.entries()) column.take(String(decoded.event[`c${i}`]));
  }
  const tooLong = (): void => {
    misfits += 1;
  };
  const splitter = createRecordSplitter({ record: take, tooLong }, dialectOf(options));
  for await (const bytes of openInput(path)) splitter.push(bytes);
  splitter.end();
  if (titles.length === 0) throw new DraftError('it is empty');
  return { titles, columns, records, misfits };
}

/** Words that stand for no value in a column that is otherwise of numbers or times. In texts a word is a text. */
function nullsOf(columns: readonly ColumnKinds[], kinds: readonly Kind[]): string[] {
  const words = columns.flatMap(({ blanks }, i) => (kinds[i]?.name === 'text' ? [] : [...blanks.keys()]));
  return [...new Set(words)].filter((word) => word !== '').sort();
}

interface FileFacts {
  readonly nulls: readonly string[];
  readonly decimal: string;
  readonly formats: readonly string[];
  readonly records: number;
}

function fieldOf(title: string, column: ColumnKinds, kind: Kind, facts: FileFacts): FoundField {
  const isNullable = [...column.blanks.keys()].some((word) => word === '' || facts.nulls.includes(word));
  const time = timeOf(title, column, kind);
  const { distinct, texts } = column;
  return {
    title,
    type: typeOf(column, kind, facts),
    isNullable,
    distinct: distinct.size,
    values: Math.min(texts, 100_000),
    time,
  };
}

function typeOf(column: ColumnKinds, { name }: Kind, { decimal, formats }: FileFacts): AvroSchema {
  switch (name) {
    case 'boolean':
    case 'int':
    case 'long':
      return name;
    case 'double':
      return decimal === '.' ? 'double' : 'string';
    case 'comma':
      return decimal === ',' ? 'double' : 'string';
    case 'date':
      return annotated('int', 'date');
    case 'instant':
      // A format replaces ISO 8601 in all columns.
      if (formats.length > 0) return 'string';
      return annotated('long', column.isFine ? 'timestamp-micros' : 'timestamp-millis');
    case 'local':
      if (formats.length > 0) return 'string';
      return annotated('long', column.isFine ? 'local-timestamp-micros' : 'local-timestamp-millis');
    case 'clock':
      return 'string';
    case 'format':
      return 'string';
    case 'uuid':
      return annotated('string', 'uuid');
    case 'text':
      return 'string';
  }
}
