/**
 * The keyed exchange, as plain data and a pure function. Operators keyed by another field than their stream's have
 * partitions of their own, and each event goes to one of these by hash of the key. So all events of a key, from any log and
 * input, meet in one partition.
 */
import type { Block } from '../messages/block.ts';
import type { Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { encodeSeen } from '../messages/seen-times.ts';
import type { ExchangedBlock } from '../messages/streams.ts';
import { flushType, leftBehindType, sourceControlType, tombstoneType } from '../messages/types.ts';
import { createExchangeTimes, NOWHERE } from '../streams/exchange-times.ts';
import type { LogOrder } from '../streams/log-order.ts';
import { START_OF_TIME_MS } from '../streams/watermark.ts';
import { asBuffer, createRoute, type ExchangeReading, type Route, type Routed } from './exchange-route.ts';
import { inputChannelOf } from './input-channel.ts';

export interface SplitCommit {
  readonly entries: readonly (readonly ExchangedBlock[])[];
  /** Every partition has to know of the split before anything else comes, also a partition that gets no events of it. */
  readonly isForAll: boolean;
}

export interface ExchangeSplit {
  /**
   * Splits a log's commit over the partitions that do not have it yet. A movement of the watermark alone is told together
   * with the next events.
   */
  split(
    log: string,
    sections: readonly Section[],
    lacks: (partition: number) => boolean,
    placed?: PlacedSections,
  ): SplitCommit;
  /** The entries that have to stand behind the events of a batch: how far the log came after the last of these events. */
  restOf(log: string, partition: number): ExchangedBlock[];
  /** An empty entry, which only says that the log was read. */
  nothingOf(log: string, partition: number): ExchangedBlock;
}

/** The partition of each row of a section, or NOWHERE; undefined where that is not known yet. */
export type PlacedSections = (reading: ExchangeReading, section: Section) => Int32Array | undefined;

const NOT_PLACED: PlacedSections = () => undefined;

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
      // An input that stands beside another comes first: its events may be of a time that the other's events in the same
      // commit go beyond.
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

  /** Shares out events that stand beside an input's own: these tell nobody of times. */
  function shareBeside(log: string, { partitionOfRow, block: { fingerprint }, take }: Routed, entries: Entries): void {
    for (const [partition, own] of entries.entries()) {
      const rows = Uint32Array.from(partitionOfRow.keys()).filter((row) => partitionOfRow[row] === partition);
      if (own === null || rows.length === 0) continue;
      const before = times.tell(partition);
      const share = { partition, rows, before, seen: NOTHING };
      own.push({ log, before, fingerprint, count: rows.length, block: take(share), seen: NOTHING });
    }
  }

  function splitSection(
    { channel, reading, route }: Channel,
    section: Section,
    entries: Entries,
    placed: PlacedSections,
  ): void {
    const { fingerprint, bytes } = section;
    if (reading.isBeside === true) {
      if (registry.nameOf(fingerprint) !== reading.gives.type.name) return;
      if (route === null) toAll(channel, section, entries);
      else shareBeside(channel, route.events(section, placed(reading, section)), entries);
      return;
    }
    switch (registry.nameOf(fingerprint)) {
      case reading.gives.type.name:
        if (route === null) toAll(channel, section, entries);
        else shareOut(channel, route.events(section, placed(reading, section)), entries);
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
    split(log, sections, lacks, placed = NOT_PLACED) {
      const own = routes.get(log);
      if (own === undefined) throw new Error(`${log} is not among the logs that the exchange reads`);
      const entries: Entries = Array.from({ length: partitions }, (_, partition) => (lacks(partition) ? [] : null));
      // This includes the commit by which the last of them has caught up.
      const isOrdered = order.isOrdered();
      for (const channel of own) {
        for (const section of sections) {
          const isRead = section.role === channel.reading.gives.role && section.count > 0;
          if (isRead) splitSection(channel, section, entries, placed);
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

/** An input that is read from a log. `route` is null where all its events go to all partitions. */
interface Channel {
  readonly channel: string;
  readonly reading: ExchangeReading;
  readonly route: Route | null;
}

/** Entries by partition; null for a partition that already has the commit. */
type Entries = (ExchangedBlock[] | null)[];

const EMPTY_BLOCK = Buffer.from([0]);
const NOTHING = encodeSeen(new Float64Array(0));
