/** Where the rows of a block go in an exchange: by hash of their keys, each to a partition. */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { type Columns, valueAt } from '../messages/columns.ts';
import type { SectionRole } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { takeRows } from '../messages/take-rows.ts';
import { tombstoneType } from '../messages/types.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { columnsByText } from '../streams/columns-by-text.ts';
import { eventTimes } from '../streams/event-times.ts';
import { NOWHERE, type Share } from '../streams/exchange-times.ts';
import { type GroupKey, keyReader, keyTexts } from '../streams/group-key.ts';
import { isKeyColumn } from '../streams/key-column.ts';
import { partitionOfKey, partitionsOf } from '../streams/partitioner.ts';
import { createView, type ViewSpec, viewSchema } from '../streams/selection.ts';

/** Streams whose events meet by key, each with a key of its own. */
export interface Exchange {
  /** The name of its logs, without the partition's number. */
  readonly name: string;
  readonly partitions: number;
  readonly inputs: readonly ExchangeInput[];
}

export interface ExchangeInput {
  /** The relation whose events are in the logs that are read. */
  readonly stream: string;
  /** The key that is hashed; null: every partition sees every event. */
  readonly key: GroupKey;
  /** Whether the key is also the stream's own, so that deletions of a table's rows can follow it. */
  readonly isTableKey: boolean;
  readonly timeField: string;
  /** Event time is the time field less this many ms; absent for none. */
  readonly timeLessMs?: number;
  /** Present where the order counts in which the logs are read, since a log may be idle or left behind. */
  readonly isOrdered?: true;
  /** The input channel of the logs that this input reads; absent unless an input before it reads the same logs. */
  readonly channel?: number;
  /** The events stand in the logs of another input, beside that input's events, and do not move its event time. */
  readonly isBeside?: true;
  /** The derived stream that has the key's field. An event that this stream does not take goes nowhere. */
  readonly of?: ViewSpec;
  /** The users' functions that the key names; absent for none. */
  readonly functions?: readonly UserFunction[];
}

/** An input with its logs and the type that is read from them: events, or a join's results. */
export interface ExchangeReading extends ExchangeInput {
  readonly logs: readonly string[];
  readonly gives: { readonly role: SectionRole; readonly type: EventType<unknown> };
}

/** A block, and where its rows go. */
export interface Routed {
  readonly block: Block;
  readonly timesMs: Float64Array;
  readonly partitionOfRow: Int32Array;
  /** The bytes of a part, as an Avro array. */
  take(share: Share): Buffer;
}

export interface Route {
  /** `placed` is the partition of each row, where that is known already. */
  events(block: Block, placed?: Int32Array): Routed;
  deletions(block: Block): Routed;
}

/** Null where all events go to all partitions. */
export function createRoute(
  { key, gives, of, isTableKey, functions, ...time }: ExchangeReading,
  partitions: number,
  registry: Registry,
): Route | null {
  if (key === null || partitions === 1) return null;
  const read = gives.type.columnReader();
  const schema = of === undefined ? gives.type.schema : viewSchema(of);
  const keysOf = keyReader(key, schema, functions);
  const view = of === undefined ? null : createView(of);
  const computed = columnsByText(keyTexts(key), schema, functions);

  function partitionOfRows(columns: Columns, timesMs: Float64Array): Int32Array {
    const into = new Int32Array(columns.count);
    const derived = view === null ? columns : view.begin(columns, timesMs);
    const seen = computed?.begin(derived, (row) => view === null || view.takes(row)) ?? derived;
    const taken =
      view === null ? null : Uint8Array.from({ length: columns.count }, (_, row) => Number(view.takes(row)));
    const keys = typeof key === 'string' && !isKeyColumn(seen.column(key)) ? null : keysOf(seen);
    if (keys !== null) partitionsOf(keys, columns.count, partitions, into);
    for (let row = 0; row < columns.count; row++) {
      if (taken !== null && taken[row] === 0) into[row] = NOWHERE;
      // An event whose key can't be computed may go anywhere: the partition that gets it refuses it.
      else if (computed?.fails(row) === true) into[row] = 0;
      else if (keys === null) into[row] = partitionOfValue(valueAt(seen.event(row), String(key)), partitions);
    }
    return into;
  }
  /** Reads by the writer's schema, so that the rows keep their very bytes. */
  function takeDecoded({ fingerprint, bytes }: Block): (share: Share) => Buffer {
    const type = registry.writerOf(fingerprint);
    if (type === undefined) throw new Error(`The schema ${fingerprint} of a block is not known`);
    const events: readonly DynamicEvent[] = type.decodeBlock(bytes);
    return ({ rows }) => asBuffer(type.encodeBlock(Array.from(rows, (row) => events[row]!)).bytes);
  }

  return {
    events(block, placed) {
      const columns = registry.columnsAs(gives.type, block, read);
      const timesMs = eventTimes(columns, time);
      const { places } = columns;
      const take = places === null ? takeDecoded(block) : ({ rows }: Share) => takeRows(places, rows);
      return { block, timesMs, partitionOfRow: placed ?? partitionOfRows(columns, timesMs), take };
    },
    deletions(block) {
      const tombstones = registry.decodeAs(tombstoneType, block.fingerprint, block.bytes);
      return {
        block,
        timesMs: Float64Array.from(tombstones, ({ occurredAt }) => occurredAt),
        // A deletion names the stream's own key, which says nothing to operators keyed by another field.
        partitionOfRow: Int32Array.from(tombstones, (tombstone) =>
          isTableKey ? partitionOfKey(tombstone.key, partitions) : NOWHERE,
        ),
        take: takeDecoded(block),
      };
    },
  };
}

/** A value that is no key may go anywhere: its partition refuses it. */
function partitionOfValue(value: unknown, partitions: number): number {
  const isKey = typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint';
  return partitionOfKey(isKey ? value : null, partitions);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
