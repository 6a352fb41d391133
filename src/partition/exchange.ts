/**
 * The keyed exchange, as plain data and a pure function. Operators keyed by another field than their stream's have
 * partitions of their own, and each event goes to one of these by hash of the key. So all events of a key, from any log and
 * input, meet in one partition.
 */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { type Columns, valueAt } from '../messages/columns.ts';
import type { Section, SectionRole } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { encodeSeen } from '../messages/seen-times.ts';
import type { ExchangedBlock } from '../messages/streams.ts';
import { takeRows } from '../messages/take-rows.ts';
import { flushType, leftBehindType, sourceControlType, tombstoneType } from '../messages/types.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { computedColumns } from '../streams/computed-columns.ts';
import { eventTimes } from '../streams/event-times.ts';
import { createExchangeTimes, NOWHERE, type Share } from '../streams/exchange-times.ts';
import { type GroupKey, keyReader, keyTexts } from '../streams/group-key.ts';
import { isKeyColumn } from '../streams/key-column.ts';
import type { LogOrder } from '../streams/log-order.ts';
import { partitionOfKey, partitionsOf } from '../streams/partitioner.ts';
import { createView, type ViewSpec, viewSchema } from '../streams/selection.ts';
import { START_OF_TIME_MS } from '../streams/watermark.ts';
import { inputChannelOf } from './input-channel.ts';

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
  /** What is hashed; null: every partition sees every event. */
  readonly key: GroupKey;
  /** Whether the key is also the stream's own, so that deletions of a table's rows can follow it. */
  readonly isTableKey: boolean;
  readonly timeField: string;
  /** Event time is that field less so many ms; absent for none. */
  readonly timeLessMs?: number;
  /** Whether the order counts in which its logs are read, since they may be idle, or be left behind; absent for not. */
  readonly isOrdered?: true;
  /** Of its logs, where another input before it reads them too. */
  readonly channel?: number;
  /** Its events stand in the logs of another input beside that one's, and do not say how far its time has come. */
  readonly isBeside?: true;
  /** The derived stream that has the field: events that it does not take go nowhere. */
  readonly of?: ViewSpec;
  /** Of users, that its key names; absent for none. */
  readonly functions?: readonly UserFunction[];
}

/** An input with its logs and the type that is read from them: events, or a join's results. */
export interface ExchangeReading extends ExchangeInput {
  readonly logs: readonly string[];
  readonly gives: { readonly role: SectionRole; readonly type: EventType<unknown> };
}

export interface SplitCommit {
  readonly entries: readonly (readonly ExchangedBlock[])[];
  /** Every partition has to know of it before anything else comes, also one that it has no events for. */
  readonly isForAll: boolean;
}

export interface ExchangeSplit {
  /**
   * Splits a log's commit over the partitions that do not have it yet. A movement of the watermark alone is told together
   * with the next events.
   */
  split(log: string, sections: readonly Section[], lacks: (partition: number) => boolean): SplitCommit;
  /** What has to stand behind the events of a batch: how far the log came after the last of them. */
  restOf(log: string, partition: number): ExchangedBlock[];
  /** An empty entry, which only says that the log was read. */
  nothingOf(log: string, partition: number): ExchangedBlock;
}

export function createExchangeSplit(
  partitions: number,
  readings: readonly ExchangeReading[],
  registry: Registry,
  order: LogOrder,
): ExchangeSplit {
  const times = createExchangeTimes(partitions, order);
  const routes = new Map<string, Channel[]>();
  for (const reading of readings) {
    const route = createRoute(reading, partitions, registry);
    for (const log of reading.logs) {
      const channel = inputChannelOf(log, reading.channel ?? 0);
      const known = routes.get(log) ?? [];
      const own = { channel, reading, route };
      // What stands beside events comes first: it may be of a time that the events of the same commit go beyond.
      routes.set(log, reading.isBeside === true ? [own, ...known] : [...known, own]);
    }
  }

  function nothingOf(log: string, partition: number): ExchangedBlock {
    const { fingerprint } = sourceControlType;
    return { log, before: times.tell(partition), fingerprint, count: 0, block: EMPTY_BLOCK, seen: NOTHING };
  }
  function toAll(log: string, { fingerprint, count, bytes }: Block, entries: Entries): void {
    const block = asBuffer(bytes);
    for (const [partition, own] of entries.entries()) {
      if (own !== null) own.push({ log, before: times.tell(partition), fingerprint, count, block, seen: NOTHING });
    }
  }
  function shareOut(log: string, routed: Routed, entries: Entries): void {
    const { partitionOfRow } = routed;
    for (let row = 0; row < partitionOfRow.length; row++) {
      if (partitionOfRow[row] !== NOWHERE && entries[partitionOfRow[row]!] === null) partitionOfRow[row] = NOWHERE;
    }
    for (const share of times.share(log, routed.timesMs, partitionOfRow)) {
      const { partition, before, seen, rows } = share;
      const { fingerprint } = routed.block;
      entries[partition]?.push({ log, before, fingerprint, count: rows.length, block: routed.take(share), seen });
    }
  }

  /** Nobody is told of times by it. */
  function shareBeside(log: string, { partitionOfRow, block: { fingerprint }, take }: Routed, entries: Entries): void {
    for (const [partition, own] of entries.entries()) {
      const rows = Uint32Array.from(partitionOfRow.keys()).filter((row) => partitionOfRow[row] === partition);
      if (own === null || rows.length === 0) continue;
      const before = times.tell(partition);
      const share = { partition, rows, before, seen: NOTHING };
      own.push({ log, before, fingerprint, count: rows.length, block: take(share), seen: NOTHING });
    }
  }

  function splitSection({ channel, reading, route }: Channel, section: Section, entries: Entries): void {
    const { fingerprint, bytes } = section;
    if (reading.isBeside === true) {
      if (registry.nameOf(fingerprint) !== reading.gives.type.name) return;
      if (route === null) toAll(channel, section, entries);
      else shareBeside(channel, route.events(section), entries);
      return;
    }
    switch (registry.nameOf(fingerprint)) {
      case reading.gives.type.name:
        if (route === null) toAll(channel, section, entries);
        else shareOut(channel, route.events(section), entries);
        break;
      case tombstoneType.name:
        if (route === null) toAll(channel, section, entries);
        else shareOut(channel, route.deletions(section), entries);
        break;
      case sourceControlType.name: {
        const controls = registry.decodeAs(sourceControlType, fingerprint, bytes);
        if (partitions > 1 && controls.every(({ control }) => control === 'watermark')) {
          for (const { watermark } of controls) times.moved(channel, watermark);
        } else {
          toAll(channel, section, entries);
          for (const { control, watermark } of controls) {
            if (control === 'endOfInput') continue;
            times.idled(channel);
            order.idled(channel, watermark);
          }
        }
        break;
      }
      case leftBehindType.name:
        toAll(channel, section, entries);
        times.idled(channel);
        order.idled(channel, START_OF_TIME_MS);
        break;
      case flushType.name:
        toAll(channel, section, entries);
        times.flushed(channel);
        break;
    }
  }

  return {
    split(log, sections, lacks) {
      const own = routes.get(log);
      if (own === undefined) throw new Error(`${log} is not among the logs that the exchange reads`);
      const entries: Entries = Array.from({ length: partitions }, (_, partition) => (lacks(partition) ? [] : null));
      // This includes the commit by which the last of them has caught up.
      const isOrdered = order.isOrdered();
      for (const channel of own) {
        for (const section of sections) {
          if (section.role === channel.reading.gives.role && section.count > 0) splitSection(channel, section, entries);
        }
        for (const [partition, own] of entries.entries()) if (own === null) times.known(partition, channel.channel);
      }
      return { entries: entries.map((own) => own ?? []), isForAll: isOrdered };
    },
    restOf(log, partition) {
      const isOwing = routes.get(log)?.some(({ channel }) => times.owes(partition, channel)) === true;
      return isOwing ? [nothingOf(log, partition)] : [];
    },
    nothingOf,
  };
}

/** What is read of a log, and how it is routed; null: all of it goes to all partitions. */
interface Channel {
  readonly channel: string;
  readonly reading: ExchangeReading;
  readonly route: Route | null;
}

/** Entries by partition; null for a partition that already has the commit. */
type Entries = (ExchangedBlock[] | null)[];

const EMPTY_BLOCK = Buffer.from([0]);
const NOTHING = encodeSeen(new Float64Array(0));

/** A block, and where its rows go. */
interface Routed {
  readonly block: Block;
  readonly timesMs: Float64Array;
  readonly partitionOfRow: Int32Array;
  /** The bytes of a part, as an Avro array. */
  take(share: Share): Buffer;
}

interface Route {
  events(block: Block): Routed;
  deletions(block: Block): Routed;
}

/** Null where all events go to all partitions. */
function createRoute(
  { key, gives, of, isTableKey, functions, ...time }: ExchangeReading,
  partitions: number,
  registry: Registry,
): Route | null {
  if (key === null || partitions === 1) return null;
  const read = gives.type.columnReader();
  const schema = of === undefined ? gives.type.schema : viewSchema(of);
  const keysOf = keyReader(key, schema, functions);
  const view = of === undefined ? null : createView(of);
  const computed = computedColumns(keyTexts(key), schema, functions);

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
      // Whose key can't be computed may go anywhere: its partition says so.
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
    events(block) {
      const columns = registry.columnsAs(gives.type, block, read);
      const timesMs = eventTimes(columns, time);
      const { places } = columns;
      const take = places === null ? takeDecoded(block) : ({ rows }: Share) => takeRows(places, rows);
      return { block, timesMs, partitionOfRow: partitionOfRows(columns, timesMs), take };
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

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
