/**
 * Columns that a table may have beside those of an event, of which another event is made: what is known of the event, and
 * is no part of it. A domain declares them for a record. Both events of a row go to the same partition.
 */
import { type AvroRecord, NAMESPACE } from './avro.ts';
import type { Block } from './block.ts';
import type { DynamicEvent, EventType } from './codec.ts';

export interface Companion {
  /** Name of the built-in record whose tables may have the columns. */
  readonly of: string;
  /** Its fields are the columns. Each has a default, for tables that lack it. */
  readonly columns: AvroRecord;
  /** The stream that the events made are of, by its usual name. */
  readonly stream: { readonly name: string; readonly key: string; readonly eventTime: string };
  /** Of the events made. */
  readonly schema: AvroRecord;
  collect(): CompanionRows;
}

export interface CompanionRows {
  /** Takes an event and what its row has in the columns. */
  add(event: DynamicEvent, values: DynamicEvent): void;
  /** The events that the rows since the last call have beside their own; null when there are none. */
  take(): Block | null;
}

export function companion<T>(
  declared: Pick<Companion, 'of' | 'columns' | 'stream'>,
  type: EventType<T>,
  make: (event: DynamicEvent, values: DynamicEvent) => T | null,
): Companion {
  return {
    ...declared,
    schema: type.schema,
    collect() {
      let rows: T[] = [];
      return {
        add(event, values) {
          const made = make(event, values);
          if (made !== null) rows.push(made);
        },
        take() {
          if (rows.length === 0) return null;
          const block = type.encodeBlock(rows);
          rows = [];
          return block;
        },
      };
    },
  };
}

/** The one that is declared for tables of a record. */
export function companionOf(all: readonly Companion[], schema: AvroRecord): Companion | null {
  return all.find(({ of }) => of === schema.name && schema.namespace === NAMESPACE) ?? null;
}
