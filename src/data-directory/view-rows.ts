/** The events of a statement's streams, and the rows that its view gave of them, as a journal has them. */

import { journalOf, openReader } from '../journal/open-reader.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import type { Commit, Section } from '../messages/commit.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { exactJson } from '../messages/event-json.ts';
import type { Registry } from '../messages/registry.ts';
import { exchangedBlockType, flushType, lateEventType, tombstoneType } from '../messages/types.ts';
import type { WindowResult } from '../messages/window-result.ts';
import { registryOf } from './registry-of.ts';

/** A stream whose events are wanted: one that a source brings, or one that is derived. */
export interface WantedStream {
  readonly name: string;
  readonly schema: AvroRecord;
  readonly eventTime: string;
}

/** The stream of which a statement wants only the newest event of each key. */
export interface TableOf {
  readonly key: (event: DynamicEvent) => unknown;
  readonly eventTime: string;
  /** The stream whose logs have the table's deletions. */
  readonly stream: string;
}

export interface ViewRows {
  /** Events by stream. */
  readonly events: ReadonlyMap<string, readonly DynamicEvent[]>;
  /** The events of a derived view. */
  readonly derived: readonly DynamicEvent[];
  /** The results of a window by log, each in its newest revision. */
  readonly results: ReadonlyMap<string, readonly WindowResult[]>;
  /** Events that were too late for the window, as JSON. */
  readonly late: readonly string[];
  /** Logs that have a commit. */
  readonly logs: readonly string[];
  /** The logs whose newest commit closed all windows. */
  readonly flushed: ReadonlySet<string>;
  /** The largest event time of the first of the streams, by log, in epoch ms. */
  readonly seenMs: ReadonlyMap<string, number>;
}

/** Reads what a view was made of. It takes no lock, so it may run beside the service. Everything is held in memory. */
export async function readViewRows(
  dataDir: string,
  view: string,
  streams: readonly WantedStream[],
  isSession: boolean,
  table: TableOf | null = null,
): Promise<ViewRows> {
  const reader = openReader(journalOf(dataDir));
  const registry = registryOf(dataDir);
  const wanted = streams.map((stream) => ({
    ...stream,
    type: dynamicEventType(stream.schema),
    events: [] as DynamicEvent[],
  }));
  const derived: DynamicEvent[] = [];
  const late: string[] = [];
  const results = new Map<string, WindowResult[]>();
  const newestRows: NewestRows = new Map();
  const logs: string[] = [];
  const flushed = new Set<string>();
  const seenMs = new Map<string, number>();
  for (const log of await reader.logNames()) {
    const own: WindowResult[] = [];
    const range = { fromOffset: await reader.startOf(log), toOffset: await reader.endOf(log) };
    for await (const { commit } of reader.commits(log, range)) {
      const closing = commit.sections.map((section) => closes(registry, section));
      if (closing.includes(true)) flushed.add(log);
      else if (closing.includes(false)) flushed.delete(log);
      for (const section of commit.sections) {
        const { fingerprint, bytes } = section;
        const window = registry.windowOf(fingerprint);
        if (window !== null) {
          if (window.window === view) own.push(...window.type.decodeBlock(bytes));
          continue;
        }
        const record = registry.nameOf(fingerprint) ?? '';
        if (record === tombstoneType.name && commit.stream === table?.stream) {
          for (const { key, occurredAt } of registry.decodeAs(tombstoneType, fingerprint, bytes))
            note(newestRows, key, occurredAt, null);
        }
        if (derivedStreamOfRecord(record) === view) derived.push(...decoded(registry, section));
        if (record === lateEventType.name) {
          const events = registry.decodeAs(lateEventType, fingerprint, bytes);
          late.push(...events.filter((each) => each.window === view).map(({ event }) => event));
        }
        for (const [i, stream] of wanted.entries()) {
          if (!isOf(stream, record, commit, section)) continue;
          const events = registry.decodeAs(stream.type, fingerprint, bytes);
          if (table === null) stream.events.push(...events);
          else for (const event of events) note(newestRows, table.key(event), Number(event[table.eventTime]), event);
          if (i === 0) seenMs.set(log, newestMs(events, stream.eventTime, seenMs.get(log)));
        }
      }
    }
    if (range.toOffset > 0) logs.push(log);
    if (own.length > 0) results.set(log, isSession ? sessions(own) : newest(own));
  }
  return {
    events: new Map(wanted.map(({ name, events }) => [name, table === null ? events : rowsOf(newestRows)])),
    derived,
    results,
    late,
    logs,
    flushed,
    seenMs,
  };
}

function isOf(
  { name, type }: { readonly name: string; readonly type: { readonly name: string } },
  record: string,
  commit: Commit,
  { role }: Section,
): boolean {
  if (derivedStreamOfRecord(record) === name) return true;
  return role === 'input' && commit.stream === name && record === type.name;
}

/**
 * Whether the section is a flush, or a flush that an exchange took over; null where it neither closes windows nor opens
 * any.
 */
function closes(registry: Registry, { fingerprint, bytes, role }: Section): boolean | null {
  const name = registry.nameOf(fingerprint);
  if (name === flushType.name) return true;
  if (name !== exchangedBlockType.name) return role === 'input' ? false : null;
  const blocks = registry.decodeAs(exchangedBlockType, fingerprint, bytes).filter(({ count }) => count > 0);
  if (blocks.length === 0) return null;
  return blocks.some((block) => registry.nameOf(block.fingerprint) === flushType.name);
}

type NewestRows = Map<unknown, { readonly timeMs: number; readonly event: DynamicEvent | null }>;

/** Notes an event, or a deletion, which has no event. Of two with one time the later one holds. */
function note(rows: NewestRows, key: unknown, timeMs: number, event: DynamicEvent | null): void {
  const known = rows.get(key);
  if (known === undefined || known.timeMs <= timeMs) rows.set(key, { timeMs, event });
}

function rowsOf(rows: NewestRows): DynamicEvent[] {
  return [...rows.values()].flatMap(({ event }) => (event === null ? [] : [event]));
}

function newestMs(events: readonly DynamicEvent[], field: string, beforeMs = Number.NEGATIVE_INFINITY): number {
  return events.reduce((newest, event) => Math.max(newest, Number(event[field])), beforeMs);
}

function decoded(registry: Registry, { fingerprint, bytes }: Section): DynamicEvent[] {
  return registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? [];
}

/** The newest revision of each window. A result of no events takes back what was given. */
function newest(results: readonly WindowResult[]): WindowResult[] {
  const byWindow = new Map(results.map((result) => [`${result.start} ${groupOf(result)}`, result]));
  return [...byWindow.values()].filter(({ count }) => count > 0);
}

/** A session takes the place of those that it is made of. */
function sessions(results: readonly WindowResult[]): WindowResult[] {
  const byGroup = new Map<string, WindowResult[]>();
  for (const result of results) {
    const { start, end } = result;
    const others = (byGroup.get(groupOf(result)) ?? []).filter((other) => other.start < start || other.end > end);
    byGroup.set(groupOf(result), [...others, result]);
  }
  return [...byGroup.values()].flat().filter(({ count }) => count > 0);
}

function groupOf({ key, parts }: WindowResult): string {
  return exactJson([key, parts ?? null]);
}
