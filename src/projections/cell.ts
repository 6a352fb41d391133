/** The value of a column for one event, as its entry says: for stores that take rows as values. */
import { exactJson } from '../messages/event-json.ts';
import type { EventRow, Where } from './store.ts';
import type { ColumnEntry } from './table.ts';

/** Booleans are 0 and 1, JSON is text. */
type Cell = string | number | bigint | Buffer | null;

/** What the column holds of the event at this place of its section, or of where the event lies. */
export function cellOf({ name, kind, from, values }: ColumnEntry, event: EventRow, where: Where, i: number): Cell {
  switch (from) {
    case '$log':
      return where.log;
    case '$stream':
      return where.stream;
    case '$partition':
      return where.partition;
    case '$offset':
      return where.firstOffset + i;
    case '$committedAt':
      return where.committedAt;
  }
  const value = event[from];
  if (value === null) return null;
  if (kind === 'json') return exactJson(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return values?.[value] ?? value;
  if (typeof value === 'number' || typeof value === 'bigint' || Buffer.isBuffer(value)) return value;
  throw new Error(`The column ${name} can't hold what ${from} of an event is: ${typeof value}`);
}
