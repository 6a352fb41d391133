/**
 * CSV rows as events of a schema. A column in snake_case or camelCase names a field; an empty cell is null where null
 * may stand. Numbers and times are read from the bytes, without a string for each cell; quoted cells (RFC 4180), which may
 * hold line ends, take a slower way.
 *
 * Transactions may carry the labels of the Fraud Detection Handbook, `fraud` and `scenario`: told beside the event,
 * never in it.
 */
import { isUtf8 } from 'node:buffer';
import { type AvroRecord, type AvroSchema, LONG_MAX } from './avro.ts';
import type { DynamicEvent } from './codec.ts';
import { createInstantParser } from './instant.ts';
import { INT_MAX, INT_MIN, reader, type Scope, TIME_MAX_MS } from './json-fields.ts';
import { FAILED, fail, type Report } from './refusal.ts';
import { fieldOfTitle, isLabel, unknownTitle } from './titles.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';

export type CsvDecoded =
  | { readonly ok: true; readonly event: DynamicEvent; readonly fraud: boolean; readonly scenario: number }
  | { readonly ok: false; readonly reason: Report['reason'] | 'not-csv'; readonly detail: string };

export interface CsvDecoder {
  /** One record, without its end. */
  row(line: Buffer): CsvDecoded;
}

/** Reads the cell from `start` to `end`; FAILED after `report.fail`. */
type Cell = (line: Buffer, start: number, end: number) => unknown;

interface Column {
  readonly title: string;
  /** Field of the event; of a label, its name. */
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
  const scope: Scope = {
    report,
    instants: createInstantParser(),
    named: new Map(),
    namespace: schema.namespace ?? '',
  };
  const titles = splitQuoted(header);
  if (typeof titles === 'string') throw new Error(`line 1: in the header, ${titles}`);
  if (/\r(?!\n)/.test(header.toString('latin1')))
    throw new Error('line 1: its lines end in CR alone; they must end in LF or CRLF');
  const columns = titles.map((title) => columnOf(title.toString('utf8').trim(), schema, keyField, scope));
  const template = templateOf(schema, columns, scope);

  /** Where each cell of a row without quotes ends. */
  const ends = new Int32Array(columns.length);

  /** The cells one after another in `line`, with one byte between two. */
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
  const field = fieldOfTitle(schema, title);
  if (field !== null) {
    return { title, field: field.name, label: false, cell: cellOf(field.type, title, field.name === keyField, scope) };
  }
  if (isLabel(schema, title)) {
    return { title, field: title, label: true, cell: integerCell(scope.report, 0, title === 'fraud' ? 1 : INT_MAX) };
  }
  throw new Error(`line 1: ${unknownTitle(schema, title)}`);
}

/** What every event begins as: the schema's defaults, and a place for each column. */
function templateOf(schema: AvroRecord, columns: readonly Column[], scope: Scope): Record<string, unknown> {
  const template: Record<string, unknown> = {};
  for (const { name, type, default: fallback } of schema.fields) {
    const own = columns.filter(({ field, label }) => field === name && !label);
    if (own.length > 1) throw new Error(`line 1: ${own.map(({ title }) => title).join(' and ')} are the same field`);
    if (own.length === 0 && fallback === undefined) {
      throw new Error(`line 1: there is no column for the field ${name} of ${schema.name}`);
    }
    const value = fallback === undefined ? null : reader(type, scope)(fallback);
    if (value === FAILED) throw new Error(`The default of ${name} in ${schema.name} ${scope.report.problem}`);
    template[name] = value;
  }
  return template;
}

function cellOf(type: AvroSchema, title: string, isKey: boolean, scope: Scope): Cell {
  const { report } = scope;
  const branches: readonly AvroSchema[] = isUnion(type) ? type : [type];
  const [branch, second] = branches.filter((each) => each !== 'null');
  if (branch === undefined || second !== undefined) {
    throw new Error(`line 1: the column ${title} is a union of several types, which a cell of CSV can't tell apart`);
  }
  const read = filledCell(branch, title, scope);
  const nullable = branches.includes('null');
  const mayBeEmpty = branch === 'string';
  return (line, start, end) => {
    if (start < end) return read(line, start, end);
    if (isKey) return fail(report, 'null-key', 'is the key and is empty');
    if (nullable) return null;
    return mayBeEmpty ? '' : fail(report, 'missing-field', 'is empty');
  };
}

function filledCell(type: AvroSchema, title: string, scope: Scope): Cell {
  const { report } = scope;
  if (type === 'int') return integerCell(report, INT_MIN, INT_MAX);
  if (type === 'long') return integerCell(report, -LONG_MAX, LONG_MAX);
  if (typeof type === 'object' && 'logicalType' in type) return timeCell(scope);
  const read = reader(type, scope);
  if (type === 'float' || type === 'double') {
    return textCell(report, (text) => read(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : text));
  }
  if (type === 'boolean') {
    const words = new Map<string, unknown>([
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ]);
    return textCell(report, (text) => read(words.get(text) ?? text));
  }
  if (type === 'string' || (typeof type === 'object' && 'type' in type && type.type === 'enum')) {
    return textCell(report, read);
  }
  throw new Error(`line 1: the column ${title} is of a type that a cell of CSV can't hold`);
}

function textCell(report: Report, read: (text: string) => unknown): Cell {
  return (line, start, end) =>
    isUtf8(line.subarray(start, end))
      ? read(line.toString('utf8', start, end))
      : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
}

function integerCell(report: Report, min: number, max: number): Cell {
  return (line, start, end) => {
    const value = integerOf(line, start, end);
    if (value >= min && value <= max) return value;
    const found = shown(line, start, end);
    if (Number.isNaN(value)) return fail(report, 'wrong-type', `must be a whole number: found ${found}`);
    return fail(report, 'too-large', `must be from ${min} to ${max}: found ${found}`);
  };
}

function timeCell({ report, instants }: Scope): Cell {
  return (line, start, end) => {
    let epochMs = instants.bytes(line, start, end);
    if (Number.isNaN(epochMs)) epochMs = integerOf(line, start, end);
    if (Math.abs(epochMs) <= TIME_MAX_MS) return epochMs;
    const wanted = 'must be an instant with a zone such as 2018-04-01T00:00:31Z, or epoch milliseconds';
    return fail(report, 'invalid-time', `${wanted}: found ${shown(line, start, end)}`);
  };
}

/** NaN when the bytes are not decimal digits behind an optional minus. */
function integerOf(line: Buffer, start: number, end: number): number {
  const negative = line[start] === 45;
  const first = negative ? start + 1 : start;
  if (first >= end) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = line[at]! - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** Cells of a row with quotes; in words, what is wrong with them. */
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

function isUnion(type: AvroSchema): type is readonly AvroSchema[] {
  return Array.isArray(type);
}

function shown(line: Buffer, start: number, end: number): string {
  return JSON.stringify(line.toString('utf8', start, Math.min(end, start + 60)));
}
