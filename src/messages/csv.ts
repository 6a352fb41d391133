/**
 * Reads CSV rows as events of a schema. A column in snake_case or camelCase names a field. Numbers and times are read from
 * the bytes, without a string for each cell. Quoted cells (RFC 4180), which may hold line ends, take a slower way.
 *
 * Columns of a companion make a record of their own, which is given beside the event, never in it.
 */
import type { AvroRecord } from './avro.ts';
import { defaultOf } from './avro-default.ts';
import { type FieldType, recordType } from './avro-schema.ts';
import type { DynamicEvent } from './codec.ts';
import type { Companion } from './companion.ts';
import { type Cell, cellOf } from './csv-cells.ts';
import { type CsvDialect, type CsvOptions, dialectOf, RFC_4180 } from './csv-options.ts';
import type { Scope } from './json-fields.ts';
import { FAILED, type Report } from './refusal.ts';
import { createTimes } from './times.ts';
import { fieldOfTitle, unknownTitle } from './titles.ts';

export type CsvDecoded =
  /** `beside`: what the row has for the companion, valid until the next row; null where it has none. */
  | { readonly ok: true; readonly event: DynamicEvent; readonly beside: DynamicEvent | null }
  | { readonly ok: false; readonly reason: Report['reason'] | 'not-csv'; readonly detail: string };

export interface CsvDecoder {
  /** Decodes one record, given without its line end. */
  row(line: Buffer): CsvDecoded;
}

/** Where the cell of a column goes: into the event, into what is beside it, or nowhere. */
type Place = 'event' | 'beside' | 'ignored';

interface Column {
  readonly title: string;
  readonly field: string;
  readonly place: Place;
  readonly cell: Cell;
}

/**
 * Throws, naming the column, when one is no field of the schema or a field has none. The header is null where the options
 * say that there is none.
 */
export function createCsvDecoder(
  schema: AvroRecord,
  keyField: string,
  header: Buffer | null,
  options: CsvOptions = RFC_4180,
  companion: Companion | null = null,
  headerLine = 1,
): CsvDecoder {
  const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
  const scope: Scope = { report, times: createTimes(options.times), records: new Map() };
  const dialect = dialectOf(options);
  const at = header === null ? '' : `line ${headerLine}: `;
  const columns = titlesOf(schema, header, options, at).map((title) =>
    columnOf(title, schema, keyField, scope, options, companion, at),
  );
  const template = templateOf(schema, columns, at);
  const beside = besideOf(companion, columns);
  const { delimiter, quote } = dialect;
  const separator = Buffer.of(delimiter);

  /** Where each cell of a row without quotes ends. */
  const ends = new Int32Array(columns.length);

  /** Joins the cells of `line`, with one byte between two. */
  function assemble(line: Buffer): CsvDecoded {
    const event: Record<string, unknown> = { ...template };
    let start = 0;
    for (let n = 0; n < columns.length; n++) {
      const { cell, place, field, title } = columns[n]!;
      const end = ends[n]!;
      const value = cell(line, start, end);
      if (value === FAILED) return { ok: false, reason: report.reason, detail: `${title} ${report.problem}` };
      if (place === 'event') event[field] = value;
      else if (place === 'beside' && beside !== null) beside[field] = value;
      start = end + 1;
    }
    return { ok: true, event, beside };
  }

  function quotedRow(line: Buffer): CsvDecoded {
    const cells = splitQuoted(line, dialect);
    if (typeof cells === 'string') return { ok: false, reason: 'not-csv', detail: cells };
    if (cells.length !== columns.length) return wrongCount(columns, cells.length);
    let end = -1;
    for (const [n, cell] of cells.entries()) {
      end += 1 + cell.length;
      ends[n] = end;
    }
    return assemble(Buffer.concat(cells.flatMap((cell) => [cell, separator])));
  }

  return {
    row(line) {
      const { length } = line;
      let found = 0;
      let start = 0;
      for (let i = 0; i < length; i++) {
        const byte = line[i];
        if (byte === delimiter) {
          if (found < ends.length) ends[found] = i;
          found += 1;
          start = i + 1;
        } else if (byte === quote && i === start) return quotedRow(line);
      }
      if (found < ends.length) ends[found] = length;
      found += 1;
      return found === ends.length ? assemble(line) : wrongCount(columns, found);
    },
  };
}

/** The columns' names in their order, of the file's header or of what stands for it. */
function titlesOf(schema: AvroRecord, header: Buffer | null, options: CsvOptions, at: string): readonly string[] {
  if (header === null) {
    return typeof options.header === 'boolean' ? schema.fields.map(({ name }) => name) : options.header;
  }
  const cells = splitQuoted(header, dialectOf(options));
  if (typeof cells === 'string') throw new Error(`${at}in the header, ${cells}`);
  if (/\r(?!\n)/.test(header.toString('latin1')))
    throw new Error(`${at}its lines end in CR alone; they must end in LF or CRLF`);
  return cells.map((cell) => cell.toString('utf8').trim());
}

function wrongCount(columns: readonly Column[], found: number): CsvDecoded {
  const counts = `the row has ${found} cells where the header has ${columns.length}`;
  const absent = columns[found];
  if (absent === undefined) return { ok: false, reason: 'unknown-field', detail: counts };
  return { ok: false, reason: 'missing-field', detail: `${absent.title} is missing: ${counts}` };
}

function columnOf(
  title: string,
  schema: AvroRecord,
  keyField: string,
  scope: Scope,
  options: CsvOptions,
  companion: Companion | null,
  at: string,
): Column {
  const { rename, ignoreCase, extraColumns } = options;
  const wanted = Object.hasOwn(rename, title) ? (rename[title] ?? title) : title;
  const found = (fields: readonly FieldType[]) => fieldOfTitle(fields, wanted, ignoreCase);
  const own = found(recordType(schema).fields);
  const field = own ?? (companion === null ? null : found(recordType(companion.columns).fields));
  if (field === null) {
    if (extraColumns === 'ignore') return { title, field: '', place: 'ignored', cell: () => null };
    throw new Error(`${at}${unknownTitle(schema, wanted)}${delimiterHint(title, options)}`);
  }
  try {
    const cell = cellOf(field.type, own !== null && field.name === keyField, scope, options);
    return { title, field: field.name, place: own === null ? 'beside' : 'event', cell };
  } catch (error) {
    throw new Error(`${at}the column ${title} ${error instanceof Error ? error.message : String(error)}`);
  }
}

const DELIMITERS = [',', ';', '\t', '|'];

/** A header of one column that has another file's delimiter in it is not of this file's delimiter. */
function delimiterHint(title: string, { delimiter }: CsvOptions): string {
  const other = DELIMITERS.find((each) => each !== delimiter && title.includes(each));
  return other === undefined ? '' : `; if its cells end in ${JSON.stringify(other)}, say so: format.csv.delimiter`;
}

/** What every event begins as: the schema's defaults, and a place for each column. */
function templateOf(schema: AvroRecord, columns: readonly Column[], at: string): Record<string, unknown> {
  const template: Record<string, unknown> = {};
  for (const field of recordType(schema).fields) {
    const { name, hasDefault } = field;
    const own = columns.filter((column) => column.field === name && column.place === 'event');
    if (own.length > 1) throw new Error(`${at}${own.map(({ title }) => title).join(' and ')} are the same field`);
    if (own.length === 0 && !hasDefault) {
      throw new Error(`${at}there is no column for the field ${name} of ${schema.name}`);
    }
    template[name] = hasDefault ? defaultOf(field) : null;
  }
  return template;
}

function besideOf(companion: Companion | null, columns: readonly Column[]): Record<string, unknown> | null {
  if (companion === null || !columns.some(({ place }) => place === 'beside')) return null;
  return Object.fromEntries(recordType(companion.columns).fields.map((field) => [field.name, defaultOf(field)]));
}

/** The cells of a row with quotes, or what is wrong with them in words. */
function splitQuoted(line: Buffer, { delimiter, quote }: CsvDialect): Buffer[] | string {
  const cells: Buffer[] = [];
  for (let at = 0; at <= line.length; at++) {
    if (line[at] !== quote) {
      const next = line.indexOf(delimiter, at);
      const end = next === -1 ? line.length : next;
      cells.push(line.subarray(at, end));
      at = end;
      continue;
    }
    const parts: Buffer[] = [];
    let from = at + 1;
    let close = line.indexOf(quote, from);
    for (; close !== -1 && line[close + 1] === quote; close = line.indexOf(quote, from)) {
      parts.push(line.subarray(from, close + 1));
      from = close + 2;
    }
    if (close === -1) return `the quoted cell ${cells.length + 1} does not end`;
    parts.push(line.subarray(from, close));
    at = close + 1;
    if (at < line.length && line[at] !== delimiter) {
      return `the quoted cell ${cells.length + 1} goes on behind its closing quote`;
    }
    cells.push(Buffer.concat(parts));
  }
  return cells;
}
