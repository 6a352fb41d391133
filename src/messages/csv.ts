/**
 * Reads CSV rows as events of a schema. A column in snake_case or camelCase names a field. An empty cell is null where null
 * is allowed. Numbers and times are read from the bytes, without a string for each cell. Quoted cells (RFC 4180), which may
 * hold line ends, take a slower way.
 *
 * Transactions may carry the labels of the Fraud Detection Handbook, `fraud` and `scenario`. A label is given beside the
 * event, never in it.
 */
import type { AvroRecord } from './avro.ts';
import { defaultOf } from './avro-default.ts';
import { recordType } from './avro-schema.ts';
import type { DynamicEvent } from './codec.ts';
import { type Cell, cellOf, integerCell } from './csv-cells.ts';
import { createInstantParser } from './instant.ts';
import { INT_MAX, type Scope } from './json-fields.ts';
import { FAILED, type Report } from './refusal.ts';
import { fieldOfTitle, isLabel, unknownTitle } from './titles.ts';

export type CsvDecoded =
  | { readonly ok: true; readonly event: DynamicEvent; readonly fraud: boolean; readonly scenario: number }
  | { readonly ok: false; readonly reason: Report['reason'] | 'not-csv'; readonly detail: string };

export interface CsvDecoder {
  /** Decodes one record, given without its line end. */
  row(line: Buffer): CsvDecoded;
}

interface Column {
  readonly title: string;
  /** The event's field, or the name of a label. */
  readonly field: string;
  readonly label: boolean;
  readonly cell: Cell;
}

const COMMA = 44;
const QUOTE = 34;
const SEPARATOR = Buffer.from(',');

/** Reads the header. Throws, naming the column, when one is no field of the schema or a field has none. */
export function createCsvDecoder(schema: AvroRecord, keyField: string, header: Buffer): CsvDecoder {
  const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
  const scope: Scope = { report, instants: createInstantParser(), records: new Map() };
  const titles = splitQuoted(header);
  if (typeof titles === 'string') throw new Error(`line 1: in the header, ${titles}`);
  if (/\r(?!\n)/.test(header.toString('latin1')))
    throw new Error('line 1: its lines end in CR alone; they must end in LF or CRLF');
  const columns = titles.map((title) => columnOf(title.toString('utf8').trim(), schema, keyField, scope));
  const template = templateOf(schema, columns);

  /** Where each cell of a row without quotes ends. */
  const ends = new Int32Array(columns.length);

  /** Joins the cells of `line`, with one byte between two. */
  function assemble(line: Buffer): CsvDecoded {
    const event: Record<string, unknown> = { ...template };
    let fraud = false;
    let scenario = 0;
    let start = 0;
    for (let n = 0; n < columns.length; n++) {
      const { cell, label, field, title } = columns[n]!;
      const end = ends[n]!;
      const value = cell(line, start, end);
      if (value === FAILED) return { ok: false, reason: report.reason, detail: `${title} ${report.problem}` };
      if (!label) event[field] = value;
      else if (field === 'fraud') fraud = value === 1;
      else scenario = Number(value);
      start = end + 1;
    }
    return { ok: true, event, fraud, scenario };
  }

  function quotedRow(line: Buffer): CsvDecoded {
    const cells = splitQuoted(line);
    if (typeof cells === 'string') return { ok: false, reason: 'not-csv', detail: cells };
    if (cells.length !== columns.length) return wrongCount(columns, cells.length);
    let end = -1;
    for (const [n, cell] of cells.entries()) {
      end += 1 + cell.length;
      ends[n] = end;
    }
    return assemble(Buffer.concat(cells.flatMap((cell) => [cell, SEPARATOR])));
  }

  return {
    row(line) {
      const { length } = line;
      let found = 0;
      let start = 0;
      for (let at = 0; at < length; at++) {
        const byte = line[at];
        if (byte === COMMA) {
          if (found < ends.length) ends[found] = at;
          found += 1;
          start = at + 1;
        } else if (byte === QUOTE && at === start) return quotedRow(line);
      }
      if (found < ends.length) ends[found] = length;
      found += 1;
      return found === ends.length ? assemble(line) : wrongCount(columns, found);
    },
  };
}

function wrongCount(columns: readonly Column[], found: number): CsvDecoded {
  const counts = `the row has ${found} cells where the header has ${columns.length}`;
  const absent = columns[found];
  if (absent === undefined) return { ok: false, reason: 'unknown-field', detail: counts };
  return { ok: false, reason: 'missing-field', detail: `${absent.title} is missing: ${counts}` };
}

function columnOf(title: string, schema: AvroRecord, keyField: string, scope: Scope): Column {
  const field = fieldOfTitle(recordType(schema).fields, title);
  if (field !== null) {
    return { title, field: field.name, label: false, cell: cellOf(field.type, title, field.name === keyField, scope) };
  }
  if (isLabel(schema, title)) {
    return { title, field: title, label: true, cell: integerCell(scope.report, 0, title === 'fraud' ? 1 : INT_MAX) };
  }
  throw new Error(`line 1: ${unknownTitle(schema, title)}`);
}

/** What every event begins as: the schema's defaults, and a place for each column. */
function templateOf(schema: AvroRecord, columns: readonly Column[]): Record<string, unknown> {
  const template: Record<string, unknown> = {};
  for (const field of recordType(schema).fields) {
    const { name, hasDefault } = field;
    const own = columns.filter(({ field, label }) => field === name && !label);
    if (own.length > 1) throw new Error(`line 1: ${own.map(({ title }) => title).join(' and ')} are the same field`);
    if (own.length === 0 && !hasDefault) {
      throw new Error(`line 1: there is no column for the field ${name} of ${schema.name}`);
    }
    template[name] = hasDefault ? defaultOf(field) : null;
  }
  return template;
}

/** The cells of a row with quotes, or what is wrong with them in words. */
function splitQuoted(line: Buffer): Buffer[] | string {
  const cells: Buffer[] = [];
  for (let at = 0; at <= line.length; at++) {
    if (line[at] !== QUOTE) {
      const comma = line.indexOf(COMMA, at);
      const end = comma === -1 ? line.length : comma;
      cells.push(line.subarray(at, end));
      at = end;
      continue;
    }
    const parts: Buffer[] = [];
    let from = at + 1;
    let quote = line.indexOf(QUOTE, from);
    for (; quote !== -1 && line[quote + 1] === QUOTE; quote = line.indexOf(QUOTE, from)) {
      parts.push(line.subarray(from, quote + 1));
      from = quote + 2;
    }
    if (quote === -1) return `the quoted cell ${cells.length + 1} does not end`;
    parts.push(line.subarray(from, quote));
    at = quote + 1;
    if (at < line.length && line[at] !== COMMA) {
      return `the quoted cell ${cells.length + 1} goes on behind its closing quote`;
    }
    cells.push(Buffer.concat(parts));
  }
  return cells;
}
