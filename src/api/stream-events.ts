/**
 * Events of a stream as they stand in its logs, newest first: read backwards from the end, or from where the last
 * answer ended. An older event is found by its place. The number of events read for one answer is bounded, whatever the
 * condition keeps.
 */
import { sectionsOf } from '../explain/events-in-time.ts';
import { type PlacedEvent, placed } from '../explain/placed-event.ts';
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { Registry } from '../messages/registry.ts';
import { compileCondition } from '../sql/compile.ts';
import { computedColumn } from '../streams/computed-column.ts';

export interface ReadStream {
  readonly record: string;
  readonly schema: AvroRecord;
  readonly timeField: string;
  /** The field of the key; null where it has none. */
  readonly key: string | null;
  readonly logs: readonly { readonly log: string; readonly partition: number; readonly end: number }[];
}

export interface EventsAsked {
  readonly partition: number | null;
  /** Events before these offsets, by partition; of the others from their end. */
  readonly before: ReadonlyMap<number, number>;
  readonly where: string | null;
  /** As text. */
  readonly key: string | null;
  readonly limit: number;
}

export interface EventsFound {
  /** Newest commit first. */
  readonly events: readonly PlacedEvent[];
  /** How many events were looked at. */
  readonly looked: number;
  /** Where it goes on, by partition; a partition that was read to its beginning is not among them. */
  readonly next: ReadonlyMap<number, number>;
}

export interface EventsJournal {
  readonly reader: CommitReader;
  readonly registry: Registry;
}

/** Events in a partition of one answer, at most. */
const LOOKED_MAX = 40_000;
const STRETCH = 2_048;

/** Throws an ExpressionError when the condition is none of the stream. */
export async function streamEvents(
  { reader, registry }: EventsJournal,
  stream: ReadStream,
  asked: EventsAsked,
): Promise<EventsFound> {
  const matches = matcherOf(stream, asked);
  const found: PlacedEvent[] = [];
  const next = new Map<number, number>();
  let looked = 0;
  for (const { log, partition, end } of stream.logs) {
    if (asked.partition !== null && asked.partition !== partition) continue;
    const start = await reader.startOf(log);
    let to = Math.min(end, asked.before.get(partition) ?? end);
    const own: PlacedEvent[] = [];
    let ownLooked = 0;
    while (to > start && own.length < asked.limit && ownLooked < LOOKED_MAX) {
      const from = Math.max(start, to - STRETCH);
      const stretch: PlacedEvent[] = [];
      for await (const read of reader.commits(log, { fromOffset: from, toOffset: to })) {
        for (const [columns, firstOffset] of inputsOf(read, registry, stream.record)) {
          const times = columns.numbers(stream.timeField);
          const isMeant = matches(columns);
          for (let row = 0; row < columns.count; row++) {
            const offset = firstOffset + row;
            if (offset < from || offset >= to) continue;
            ownLooked += 1;
            if (!isMeant(row)) continue;
            const of = { log, relation: 'itself', record: stream.record, time: times[row] ?? null } as const;
            stretch.push(placed({ commit: read.commit, columns, firstOffset }, row, of));
          }
        }
      }
      own.push(...stretch.reverse());
      to = from;
    }
    looked += ownLooked;
    const shown = own.slice(0, asked.limit);
    found.push(...shown);
    const oldest = own.length > asked.limit ? shown.at(-1)?.offset : to;
    if (oldest !== undefined && oldest > start) next.set(partition, oldest);
  }
  found.sort((one, other) => other.committedAt - one.committedAt || other.offset - one.offset);
  const events = found.slice(0, asked.limit);
  // Those of a partition that found no room come with the next answer.
  for (const { partition, offset } of found.slice(asked.limit)) {
    next.set(partition, Math.max(next.get(partition) ?? 0, offset + 1));
  }
  return { events, looked, next };
}

/** The event at one offset of a partition; null when none of the stream's stands there. */
export async function streamEventAt(
  { reader, registry }: EventsJournal,
  stream: ReadStream,
  place: { readonly partition: number; readonly offset: number },
): Promise<PlacedEvent | null> {
  const own = stream.logs.find(({ partition }) => partition === place.partition);
  if (own === undefined || place.offset >= own.end || place.offset < (await reader.startOf(own.log))) return null;
  const range = { fromOffset: place.offset, toOffset: place.offset + 1 };
  for await (const read of reader.commits(own.log, range)) {
    for (const [columns, firstOffset] of inputsOf(read, registry, stream.record)) {
      const row = place.offset - firstOffset;
      if (row < 0 || row >= columns.count) continue;
      const time = columns.numbers(stream.timeField)[row] ?? null;
      const of = { log: own.log, relation: 'itself', record: stream.record, time } as const;
      return placed({ commit: read.commit, columns, firstOffset }, row, of);
    }
  }
  return null;
}

function* inputsOf(
  read: JournaledCommit,
  registry: Registry,
  record: string,
): Generator<readonly [columns: Columns, firstOffset: number]> {
  for (const { section, firstOffset } of sectionsOf(read)) {
    if (section.role !== 'input') continue;
    const type = registry.writerOf(section.fingerprint);
    if (type?.name === record) yield [type.columns(section), firstOffset];
  }
}

function matcherOf({ schema, key }: ReadStream, asked: EventsAsked): (columns: Columns) => (row: number) => boolean {
  const condition = asked.where === null ? null : computedColumn(compileCondition(asked.where, schema));
  return (columns) => {
    condition?.begin(columns);
    const holds = (row: number): boolean => {
      if (condition === null) return true;
      try {
        condition.compute(row);
      } catch {
        // As a window would: an event that the expression fails on is none that it keeps.
        return false;
      }
      const column = condition.column();
      return column.kind === 'number' && column.nulls?.[row] !== 1 && column.values[row] === 1;
    };
    if (asked.key === null || key === null) return holds;
    return (row) => String(columns.event(row)[key]) === asked.key && holds(row);
  };
}
