/**
 * Reads the cells of CSV by the type of their field. A cell holds the text of a value that JSON would have as a text or a
 * number. Numbers and instants, which are most cells, are read from the bytes.
 */
import { isUtf8 } from 'node:buffer';
import { LONG_MAX } from './avro.ts';
import { type SchemaType, typeText } from './avro-schema.ts';
import { INT_MAX, INT_MIN, isNoKey, isNotFinite, reader, type Scope } from './json-fields.ts';
import { TIME_MAX_MS } from './logical-readers.ts';
import { FAILED, fail, type Report } from './refusal.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from './well-formed.ts';

/** Reads the cell from `start` to `end`; FAILED after `report.fail`. */
export type Cell = (line: Buffer, start: number, end: number) => unknown;

/** Throws when a cell can't hold a value of the type. */
export function cellOf(type: SchemaType, title: string, isKey: boolean, scope: Scope): Cell {
  const { report } = scope;
  const branches = type.kind === 'union' ? type.branches : [type];
  const [branch, second] = branches.filter(({ kind }) => kind !== 'null');
  if (branch === undefined || second !== undefined) {
    throw new Error(`line 1: the column ${title} is a union of several types, which a cell of CSV can't tell apart`);
  }
  const filled = filledCell(branch, title, scope);
  const nullable = branches.length > 1;
  const mayBeEmpty = branch.kind === 'string' && branch.logical === null;
  const read =
    branch.kind === 'float' || branch.kind === 'double' ? finiteCell(filled, nullable, isKey, report) : filled;
  return (line, start, end) => {
    if (start < end) return read(line, start, end);
    if (isKey) return fail(report, 'null-key', 'is the key and is empty');
    if (nullable) return null;
    return mayBeEmpty ? '' : fail(report, 'missing-field', 'is empty');
  };
}

function finiteCell(read: Cell, nullable: boolean, isKey: boolean, report: Report): Cell {
  return (line, start, end) => {
    const value = read(line, start, end);
    if (value === FAILED || !isNotFinite(value)) return value;
    if (isKey && isNoKey(value)) return fail(report, 'null-key', 'is the key and is no finite number');
    return nullable ? null : value;
  };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WHOLE_NUMBER = /^-?\d{1,16}$/;
const BOOLEANS = new Map<string, unknown>([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function filledCell(type: SchemaType, title: string, scope: Scope): Cell {
  const { report } = scope;
  const logical = 'logical' in type ? type.logical : null;
  if (logical?.kind === 'timestamp' && logical.unit === 'millis') return timeCell(scope);
  const read = reader(type, scope);
  switch (logical?.kind) {
    case 'timestamp':
    case 'local-timestamp':
    case 'date':
    case 'time':
      return textCell(report, (text) => read(WHOLE_NUMBER.test(text) ? Number(text) : text));
    case 'uuid':
    case 'decimal':
      return textCell(report, read);
    default:
  }
  switch (type.kind) {
    case 'int':
      return integerCell(report, INT_MIN, INT_MAX);
    case 'long':
      return integerCell(report, -LONG_MAX, LONG_MAX);
    case 'float':
    case 'double':
      return textCell(report, (text) => read(NUMBER.test(text) ? Number(text) : text));
    case 'boolean':
      return textCell(report, (text) => read(BOOLEANS.get(text.toLowerCase()) ?? text));
    case 'string':
    case 'enum':
      return textCell(report, read);
    default:
      throw new Error(`line 1: the column ${title} is of a type that a cell of CSV can't hold: ${typeText(type)}`);
  }
}

function textCell(report: Report, read: (text: string) => unknown): Cell {
  return (line, start, end) =>
    isUtf8(line.subarray(start, end))
      ? read(line.toString('utf8', start, end))
      : fail(report, NOT_UNICODE, NOT_UNICODE_PROBLEM);
}

export function integerCell(report: Report, min: number, max: number): Cell {
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

function shown(line: Buffer, start: number, end: number): string {
  return JSON.stringify(line.toString('utf8', start, Math.min(end, start + 60)));
}
