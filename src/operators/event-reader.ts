/**
 * Events as objects for a handler. Objects have the fields that the handler reads, and are made by code that is generated
 * for these fields.
 */

import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { Column, Columns } from '../messages/columns.ts';
import { textAt } from '../messages/columns.ts';
import { BOOLEAN, type FlatField, flatFields, TEXT } from '../messages/flat-fields.ts';

/** Reads events from the columns that the reader was last given. */
export interface EventReader {
  begin(columns: Columns): void;
  event(row: number): DynamicEvent;
}

type ReadRow = (columns: readonly Column[], row: number) => DynamicEvent;

/** `fields` is null for all of an event. */
export function createEventReader(fields: AvroRecord | null): EventReader {
  const flat = fields === null ? null : (flatFields(fields)?.filter(({ path }) => path.length === 1) ?? null);
  const isFlat = flat !== null && flat.length === fields?.fields.length;
  const readRow = isFlat ? rowCode(flat) : null;
  let columns: Columns | null = null;
  let read: readonly Column[] | null = null;
  return {
    begin(now) {
      columns = now;
      read = readRow === null || flat === null ? null : columnsOf(now, flat);
    },
    event(row) {
      if (readRow !== null && read !== null) return readRow(read, row);
      const event = columns?.event(row) ?? {};
      if (fields === null) return { ...event };
      return Object.fromEntries(fields.fields.map(({ name }) => [name, event[name]]));
    },
  };
}

/** Null when one of them has no column, or one of another kind. */
function columnsOf(columns: Columns, fields: readonly FlatField[]): Column[] | null {
  const found: Column[] = [];
  for (const { path, op } of fields) {
    const column = columns.column(path.join('.'));
    if (column === undefined || (column.kind === 'text') !== (op === TEXT)) return null;
    // A bigint is read in the general way.
    if (column.kind === 'boxed' || (column.kind === 'number' && column.exact !== null)) return null;
    found.push(column);
  }
  return found;
}

function rowCode(fields: readonly FlatField[]): ReadRow {
  const members = fields.map(({ path, op, nullBranch }, i) => {
    const column = `c[${i}]`;
    const value =
      op === TEXT ? `text(${column}, row)` : op === BOOLEAN ? `${column}.values[row] === 1` : `${column}.values[row]`;
    if (nullBranch < 0) return `${path[0]}: ${value}`;
    // Columns have NaN for a number that is not finite. Such a number is null where the field may be null.
    const isNull = `(${column}.nulls !== null && ${column}.nulls[row] === 1)`;
    const absent = op === TEXT ? isNull : `${isNull} || Number.isNaN(${column}.values[row])`;
    return `${path[0]}: (${absent}) ? null : ${value}`;
  });
  // Names of fields are Avro names, which are names of JavaScript too.
  const made: unknown = new Function('text', `return (c, row) => ({ ${members.join(', ')} });`)(textAt);
  if (!isReadRow(made)) throw new Error('No code for the fields of an event');
  return made;
}

function isReadRow(value: unknown): value is ReadRow {
  return typeof value === 'function';
}
