/** An event of the journal in its place, as an explanation shows it. */
import type { Columns } from '../messages/columns.ts';
import { exactJson } from '../messages/event-json.ts';
import { logPlace } from '../messages/log-name.ts';
import type { FoundRows } from './events-in-time.ts';

/**
 * What the event is to the one that was asked about: itself; an input that it came of; an input that was weighed with that,
 * such as an earlier one of its session; or something that came of it.
 */
export type Relation = 'itself' | 'input' | 'context' | 'effect';

export interface PlacedEvent {
  readonly relation: Relation;
  readonly stream: string;
  readonly partition: number;
  readonly offset: number;
  /** Short name of its record. */
  readonly type: string;
  /** Event time, epoch ms; null where the record has none that is known. */
  readonly time: number | null;
  readonly committedAt: number;
  /** As JSON. */
  readonly event: string;
}

export interface Described {
  readonly log: string;
  readonly relation: Relation;
  readonly record: string;
  readonly time: number | null;
}

export function placed(
  found: Pick<FoundRows, 'commit' | 'columns' | 'firstOffset'>,
  row: number,
  of: Described,
): PlacedEvent {
  const place = logPlace(of.log);
  return {
    relation: of.relation,
    stream: place?.stream ?? of.log,
    partition: place?.partition ?? 0,
    offset: found.firstOffset + row,
    type: of.record.slice(of.record.lastIndexOf('.') + 1),
    time: of.time,
    committedAt: found.commit.committedAt,
    event: eventJson(found.columns, row),
  };
}

function eventJson(columns: Columns, row: number): string {
  const event = Object.entries(columns.event(row)).map(([name, value]) => {
    return [name, Buffer.isBuffer(value) ? value.toString('base64') : value];
  });
  return exactJson(Object.fromEntries(event));
}
