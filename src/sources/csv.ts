/**
 * CSV rows as events: columns in snake_case or camelCase name the schema's fields. A file of transactions may carry the
 * labels of the Fraud Detection Handbook, `fraud` and `scenario`, which become events of their own and never features.
 */
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import { createJsonDecoder, type JsonDecoded } from '../messages/json.ts';

export interface CsvRow {
  readonly decoded: JsonDecoded;
  /** Kind of fraud that the row's label names; 0 for none. */
  readonly scenario: number;
}

export interface CsvDecoder {
  row(line: string): CsvRow;
}

type Cell = (text: string) => unknown;

interface ColumnReader {
  /** Index among the schema's fields, or the label that it is. */
  readonly field: string;
  readonly cell: Cell;
}

const LABELS: readonly string[] = ['fraud', 'scenario'];

/** Reads the header. Throws, naming the column, when one is neither a field nor a label, or a field has no column. */
export function createCsvDecoder(schema: AvroRecord, keyField: string, header: string): CsvDecoder {
  const labelled = schema.name === 'Transaction';
  const names = splitRow(header.replace(/^\uFEFF/, '')).map((name) => camelCase(name.trim()));
  const columns = names.map((name): ColumnReader => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) return { field: name, cell: cellOf(field) };
    if (labelled && LABELS.includes(name)) return { field: name, cell: numberCell };
    const known = schema.fields.map((candidate) => candidate.name).join(', ');
    throw new Error(`line 1: the column ${name} is no field of ${schema.name}; known: ${known}`);
  });
  for (const { name, default: fallback } of schema.fields) {
    if (fallback === undefined && !names.includes(name))
      throw new Error(`line 1: no column for the field ${name} of ${schema.name}`);
  }
  const decoder = createJsonDecoder(schema, keyField);
  const scenarioAt = names.indexOf('scenario');
  const fraudAt = names.indexOf('fraud');

  return {
    row(line) {
      const cells = line.includes('"') ? splitRow(line) : line.split(',');
      if (cells.length !== columns.length) {
        const detail = `${cells.length} columns where the header has ${columns.length}`;
        return {
          decoded: { ok: false, reason: cells.length < columns.length ? 'missing-field' : 'unknown-field', detail },
          scenario: 0,
        };
      }
      const event: Record<string, unknown> = {};
      for (let i = 0; i < columns.length; i++) {
        const { field, cell } = columns[i]!;
        if (i !== scenarioAt && i !== fraudAt) event[field] = cell(cells[i]!);
      }
      const fraud = labelled && fraudAt !== -1 && cells[fraudAt] === '1';
      return { decoded: decoder.value(event), scenario: fraud ? Number(cells[scenarioAt] ?? 0) : 0 };
    },
  };
}

/** How a column's text becomes what the JSON decoder then checks. */
function cellOf({ type }: AvroField): Cell {
  if (typeof type === 'object' && 'logicalType' in type) return instantCell();
  const branches: readonly unknown[] = Array.isArray(type) ? type : [type];
  const nullable = branches.includes('null');
  const cell = branches.some((branch) => ['int', 'long', 'float', 'double'].includes(String(branch)))
    ? numberCell
    : branches.includes('boolean')
      ? booleanCell
      : (text: string) => text;
  return nullable ? (text) => (text === '' ? null : cell(text)) : cell;
}

/** A number, or the text itself for the decoder to refuse; an empty cell is null. */
function numberCell(text: string): unknown {
  if (text === '') return null;
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

function booleanCell(text: string): unknown {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : text;
}

/** Instants such as 2018-04-01T00:00:31Z come in order: the day is parsed once, the time by its digits. */
function instantCell(): Cell {
  let day = '';
  let dayMs = 0;
  return (text) => {
    if (text.length !== 20 || text.charCodeAt(19) !== 90 || text.charCodeAt(10) !== 84) return numericInstant(text);
    if (!text.startsWith(day) || day === '') {
      day = text.slice(0, 10);
      dayMs = Date.parse(`${day}T00:00:00Z`);
    }
    const hours = two(text, 11);
    const minutes = two(text, 14);
    const seconds = two(text, 17);
    const valid = hours < 24 && minutes < 60 && seconds < 60 && !Number.isNaN(dayMs);
    return valid ? dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000 : text;
  };
}

function numericInstant(text: string): unknown {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 99;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Cells of a row with quotes (RFC 4180): a quoted cell may hold commas, and quotes doubled. */
function splitRow(line: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const end = comma === -1 ? line.length : comma;
      cells.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let cell = '';
    at += 1;
    for (;;) {
      const quote = line.indexOf('"', at);
      if (quote === -1) return [...cells, cell + line.slice(at)];
      cell += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      cell += '"';
      at += 1;
    }
    cells.push(cell);
    const comma = line.indexOf(',', at);
    at = comma === -1 ? line.length + 1 : comma + 1;
  }
  return cells;
}
