/**
 * Reads the cells of CSV by the type of their field. A cell holds the text of a value that JSON would have as a text or a
 * number. Numbers and instants, which are most cells, are read from the bytes.
 */
import { isUtf8 } from 'node:buffer';
import { type SchemaType, typeText } from './avro-schema.ts';
import type { CsvOptions } from './csv-options.ts';
import { longOfText } from './exact-long.ts';
import { isNoKey, isNotFinite, reader, type Scope } from './json-fields.ts';
import { TIME_MAX_MS } from './logical-readers.ts';
import { FAILED, fail, type Report } from './refusal.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';
import { INT_MAX, INT_MIN } from './whole-number.ts';

/** Reads the cell from `start` to `end`; FAILED after `report.fail`. */
export type Cell = (line: Buffer, start: number, end: number) => unknown;

/** Throws, in words about the column, when a cell can't hold a value of the type. */
export function cellOf(type: SchemaType, isKey: boolean, scope: Scope, options: CsvOptions): Cell {
  const { report } = scope;
  const branches = type.kind === 'union' ? type.branches : [type];
  const [branch, second] = branches.filter(({ kind }) => kind !== 'null');
  if (branch === undefined || second !== undefined) {
    throw new Error("is a union of several types, which a cell of CSV can't tell apart");
  }
  const filled = filledCell(branch, scope, options);
  const nullable = branches.length > 1;
  const isText = branch.kind === 'string' && branch.logical === null;
  const read =
    branch.kind === 'float' || branch.kind === 'double' ? finiteCell(filled, nullable, isKey, report) : filled;
  const empty = emptyCell(nullable, isText, isKey, report, options.nulls.includes(''));
  const words = options.nulls.filter((word) => word !== '').map((word) => Buffer.from(word, 'utf8'));
  if (words.length === 0) return (line, start, end) => (start < end ? read(line, start, end) : empty());
  return (line, start, end) => {
    if (start === end) return empty();
    for (const word of words) {
      if (word.length !== end - start || word.compare(line, start, end) !== 0) continue;
      const text = JSON.stringify(word.toString('utf8'));
      if (isKey) return fail(report, 'null-key', `is the key and is ${text}, which stands for null`);
      return nullable ? null : fail(report, 'missing-field', `is ${text}, which stands for null`);
    }
    return read(line, start, end);
  };
}

/** An empty cell is a text, unless it stands for null and null is allowed. */
function emptyCell(nullable: boolean, isText: boolean, isKey: boolean, report: Report, isNull: boolean): () => unknown {
  if (isKey && (isNull || !isText)) return () => fail(report, 'null-key', 'is the key and is empty');
  if (nullable && isNull) return () => null;
  if (isText) return () => '';
  return () => fail(report, 'missing-field', 'is empty');
}

function finiteCell(read: Cell, nullable: boolean, isKey: boolean, report: Report): Cell {
  return (line, start, end) => {
    const value = read(line, start, end);
    if (value === FAILED || !isNotFinite(value)) return value;
    if (isKey && isNoKey(value)) return fail(report, 'null-key', 'is the key and is no finite number');
    return nullable ? null : value;
  };
}

const POINT = 46;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WHOLE_NUMBER = /^-?\d{1,19}$/;
const EPOCH = /^-?\d{1,19}(\.\d+)?$/;
const ZERO = 48;
const BOOLEANS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
]);

function filledCell(type: SchemaType, scope: Scope, { decimal, times }: CsvOptions): Cell {
  const { report } = scope;
  const logical = 'logical' in type ? type.logical : null;
  if (logical?.kind === 'timestamp' && logical.unit === 'millis' && times.epoch === null) {
    return timeCell(scope, times.timeFormats.length === 0);
  }
  const read = reader(type, scope);
  const number = (text: string): string | null => pointed(text, decimal);
  switch (logical?.kind) {
    case 'timestamp':
      if (times.epoch !== null) return textCell(report, (text) => read(EPOCH.test(text) ? epochOf(text) : text));
      return timesCell(report, read, times.timeFormats);
    case 'local-timestamp':
      return timesCell(report, read, times.timeFormats);
    case 'date':
      return timesCell(report, read, times.dateFormats);
    case 'time':
      return timesCell(report, read, []);
    case 'uuid':
      return textCell(report, read);
    case 'decimal':
      return textCell(report, (text) => read(number(text) ?? `'${text}'`));
    default:
  }
  switch (type.kind) {
    case 'int':
      return integerCell(report, INT_MIN, INT_MAX, decimal);
    case 'long':
      return longCell(report, type.isSafe, decimal);
    case 'float':
    case 'double':
      if (decimal === '.') return textCell(report, (text) => read(NUMBER.test(text) ? Number(text) : text));
      return textCell(report, (text) => {
        const written = number(text);
        return read(written !== null && NUMBER.test(written) ? Number(written) : text);
      });
    case 'boolean':
      return booleanCell(textCell(report, (text) => read(BOOLEANS.get(text.toLowerCase()) ?? text)));
    case 'string':
    case 'enum':
      return textCell(report, read);
    default:
      throw new Error(`is of a type that a cell of CSV can't hold: ${typeText(type)}`);
  }
}

/** 0 and 1 are read from the bytes. */
function booleanCell(words: Cell): Cell {
  return (line, start, end) => {
    const digit = end - start === 1 ? line[start]! - ZERO : -1;
    return digit === 0 || digit === 1 ? digit === 1 : words(line, start, end);
  };
}

/** Where no format says how times are written, digits alone are a number in the field's unit. */
function timesCell(report: Report, read: (value: unknown) => unknown, formats: readonly string[]): Cell {
  if (formats.length > 0) return textCell(report, read);
  return textCell(report, (text) => read((WHOLE_NUMBER.test(text) ? longOfText(text) : null) ?? text));
}

/** A double holds no more digits than 15 for certain. */
function epochOf(text: string): number | bigint {
  return text.length > 15 && !text.includes('.') ? BigInt(text) : Number(text);
}

/** The number with a point for its comma; null for one that has a point of its own, which may part thousands. */
function pointed(text: string, decimal: CsvOptions['decimal']): string | null {
  if (decimal === '.') return text;
  return text.includes('.') ? null : text.replace(',', '.');
}

function textCell(report: Report, read: (text: string) => unknown): Cell {
  return (line, start, end) =>
    isUtf8(line.subarray(start, end))
      ? read(line.toString('utf8', start, end))
      : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
}

function integerCell(report: Report, min: number, max: number, decimal: CsvOptions['decimal']): Cell {
  const point = decimal.charCodeAt(0);
  return (line, start, end) => {
    const value = integerOf(line, start, end, point);
    if (value >= min && value <= max) return value;
    const found = shown(line, start, end);
    if (Number.isNaN(value)) return fail(report, 'wrong-type', `must be a whole number: found ${found}`);
    return fail(report, 'too-large', `must be from ${min} to ${max}: found ${found}`);
  };
}

function longCell(report: Report, isSafe: boolean, decimal: CsvOptions['decimal']): Cell {
  const short = integerCell(report, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, decimal);
  const point = decimal.charCodeAt(0);
  return (line, start, end) => {
    const value = integerOf(line, start, end, point);
    if (Number.isSafeInteger(value)) return value;
    if (isSafe || Number.isNaN(value)) return short(line, start, end);
    const [digits = ''] = line.toString('latin1', start, end).split(decimal);
    const beyond = () => fail(report, 'too-large', `is beyond the 64 bits of a long: found ${shown(line, start, end)}`);
    return longOfText(digits) ?? beyond();
  };
}

/** Where no format says how times are written, a whole number is in milliseconds. */
function timeCell({ report, times: { instants, wanted } }: Scope, takesNumbers: boolean): Cell {
  const all = takesNumbers ? `${wanted.instant}, or epoch milliseconds` : wanted.instant;
  return (line, start, end) => {
    let epochMs = instants.bytes(line, start, end);
    if (takesNumbers && Number.isNaN(epochMs)) epochMs = integerOf(line, start, end, POINT);
    if (Math.abs(epochMs) <= TIME_MAX_MS) return epochMs;
    return fail(report, 'invalid-time', `must be ${all}: found ${shown(line, start, end)}`);
  };
}

/** NaN when the bytes are not decimal digits behind an optional minus. A fraction of zeros is none. */
function integerOf(line: Buffer, start: number, end: number, point: number): number {
  const negative = line[start] === 45;
  const first = negative ? start + 1 : start;
  if (first >= end) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = line[at]! - 48;
    if (digit < 0 || digit > 9) {
      if (line[at] !== point || at === first || !isZeros(line, at + 1, end)) return Number.NaN;
      break;
    }
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function isZeros(line: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (line[at] !== 48) return false;
  return start < end;
}

function shown(line: Buffer, start: number, end: number): string {
  return JSON.stringify(line.toString('utf8', start, Math.min(end, start + 60)));
}
