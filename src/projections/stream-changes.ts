/** Which tables of declared streams a store has to drop and to make, to go from the streams that it has to those of today. */
import type { StreamTable } from './stream-tables.ts';

export interface StreamChanges {
  /** Streams whose tables are removed. They are declared no more, or their columns have changed. */
  readonly gone: readonly string[];
  /** Streams whose tables are made, without rows. */
  readonly made: readonly StreamTable[];
}

/**
 * What changes between two sets of streams. `known` is what shapeText() gave for each stream that the store has a table
 * of.
 */
export function streamChanges(known: ReadonlyMap<string, string>, streams: readonly StreamTable[]): StreamChanges {
  const isSame = (table: StreamTable): boolean => known.get(table.name) === shapeText(table);
  const kept = new Set(streams.filter(isSame).map(({ name }) => name));
  return {
    gone: [...known.keys()].filter((name) => !kept.has(name)),
    made: streams.filter((table) => !isSame(table)),
  };
}

/** Everything that decides the columns and rows of the table, as text. */
export function shapeText({ schema, key, timeField }: StreamTable): string {
  return JSON.stringify({ schema, key, timeField });
}

/** Whether this is a log that has the stream's events. */
export function isLogOf({ name, log: own }: Pick<StreamTable, 'name' | 'log'>, log: string): boolean {
  const stream = own ?? name;
  return log.startsWith(`${stream}-`) && /^\d+$/.test(log.slice(stream.length + 1));
}
