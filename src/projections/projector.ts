/**
 * The projector of one store: reads the logs in order and hands each section that the store wants to it. Rows and offsets
 * commit together, so wherever it stops it goes on from there.
 */

import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { type Columns, columnsOfEvents } from '../messages/columns.ts';
import type { Section } from '../messages/commit.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { exactJson } from '../messages/event-json.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import {
  type EventRow,
  JOIN_RESULTS,
  type RefusedEvent,
  type SectionEvents,
  STREAM_EVENTS,
  type Store,
  WINDOW_RESULTS,
} from './store.ts';

/** The journal as the projector reads it. */
export interface ProjectedJournal {
  readonly reader: CommitReader;
  readonly registry: Registry;
  /** The declared streams, by name. */
  readonly declared: ReadonlyMap<string, { readonly type: EventType<DynamicEvent> }>;
  /**
   * The name that the pipeline file has for a section's events, in a commit of `stream`. For stores that take events by
   * that name.
   */
  nameOf?(stream: string, section: Section): string | null;
}

/** A log, and the offset up to which it may be projected: its durable offset. */
export interface LogRange {
  readonly log: string;
  readonly toOffset: number;
}

export interface Projected {
  /** How many events were read, whether the store has tables for them or not. */
  readonly events: number;
  /** Events that the store had not got and that the journal has no more. For a new store no pruned event counts. */
  readonly missed: number;
  /** The offset reached in each log. */
  readonly reached: Readonly<Record<string, number>>;
  /** The offset in each log up to which rows are kept, where a store's rows wait before they are. */
  readonly kept?: Readonly<Record<string, number>>;
  /** True when nothing is left below the given offsets. */
  readonly caughtUp: boolean;
  /** Events that the store's tables had no place for. */
  readonly refused?: readonly RefusedEvent[];
}

/** When a transaction of a store ends: with the commit that goes beyond one of these. */
export interface TransactionSize {
  readonly maxEvents: number;
  /** The size of the events that the store takes, as the journal has them. */
  readonly maxBytes?: number;
  readonly maxMs?: number;
}

/** How the thread is shared with other work. Without it a transaction keeps the thread and has no end by time. */
export interface Turns {
  nowMs(): number;
  /** Lets other work have the thread. */
  give(): Promise<void>;
}

/** How long other work may wait for this thread, in ms. */
const TURN_MS = 20;

/**
 * Projects in one transaction of the store, and lets other work have the thread meanwhile. Rolls the transaction back
 * and rethrows when a frame can't be read or the store refuses.
 */
export async function projectLogs(
  journal: ProjectedJournal,
  store: Store,
  ranges: readonly LogRange[],
  size: TransactionSize,
  turns: Turns | null = null,
): Promise<Projected> {
  const { reader } = journal;
  try {
    await store.begin();
    const { maxEvents, maxBytes = Number.POSITIVE_INFINITY, maxMs = Number.POSITIVE_INFINITY } = size;
    const now = (): number => turns?.nowMs() ?? 0;
    const endMs = now() + maxMs;
    let turnEndMs = now() + TURN_MS;
    const reached = new Map<string, number>();
    let events = 0;
    let bytes = 0;
    let caughtUp = true;
    let missed = 0;
    for (const { log, toOffset } of ranges) {
      // A new store has never had the events that were pruned.
      const known = store.offsets().get(log);
      const from = Math.max(known ?? 0, await reader.startOf(log));
      if (known !== undefined) missed += from - known;
      let next = from;
      for await (const read of reader.commits(log, { fromOffset: from, toOffset })) {
        const nowMs = now();
        if (events >= maxEvents || bytes >= maxBytes || nowMs >= endMs) {
          caughtUp = false;
          break;
        }
        if (nowMs >= turnEndMs) {
          await turns?.give();
          turnEndMs = now() + TURN_MS;
        }
        bytes += await projectCommit(journal, store, log, read);
        events += read.endOffset - read.offset;
        next = read.endOffset;
      }
      if (next > from) reached.set(log, next);
    }
    await store.commit(reached);
    const refused = store.refused?.() ?? [];
    const kept = store.kept?.();
    return {
      ...{ events, missed, reached: Object.fromEntries(reached), caughtUp },
      ...(refused.length === 0 ? {} : { refused }),
      ...(kept === undefined ? {} : { kept: Object.fromEntries(kept) }),
    };
  } catch (error) {
    await store.rollback();
    throw error;
  }
}

/** Resolves with the bytes of what the store took. */
async function projectCommit(
  journal: ProjectedJournal,
  store: Store,
  log: string,
  { offset, commit }: JournaledCommit,
): Promise<number> {
  const { stream, partition, committedAt, sections } = commit;
  let firstOffset = offset;
  let bytes = 0;
  const wanted: SectionEvents[] = [];
  for (const section of sections) {
    // Sections of types without a table in the store are not decoded.
    const events =
      store.takes === undefined
        ? decodedAs(journal, section, stream, firstOffset)
        : namedEvents(journal, store.takes, section, stream, firstOffset);
    if (events !== null && (store.takes !== undefined || store.wants.has(events.typeName))) {
      wanted.push(events);
      bytes += section.bytes.byteLength;
    }
    firstOffset += section.count;
  }
  if (wanted.length === 0) return 0;
  const taken = store.project(wanted, { log, stream, partition, committedAt });
  if (taken !== undefined) await taken;
  return bytes;
}

/** Each type has one memory, because a store reads one section of a type at a time. */
const columnReaders = new WeakMap<EventType<unknown>, ReturnType<EventType<unknown>['columnReader']>>();

function columnReaderOf(type: EventType<unknown>): ReturnType<EventType<unknown>['columnReader']> {
  const known = columnReaders.get(type) ?? type.columnReader();
  columnReaders.set(type, known);
  return known;
}

function decodedAs(
  { registry, declared }: ProjectedJournal,
  section: Section,
  stream: string,
  firstOffset: number,
): SectionEvents | null {
  const record = registry.nameOf(section.fingerprint) ?? '';
  const join = joinOfRecord(record);
  if (join !== null) return joinedEvents(join, registry, section, firstOffset);
  const window = registry.windowOf(section.fingerprint);
  // The logs of a stream have its events. Those that an operator makes of another stream may stand in that one's logs.
  const table = declared.get(stream)?.type.name === record ? stream : (derivedStreamOfRecord(record) ?? '');
  const own = declared.get(table)?.type;
  const isOwn = own?.name === record;
  const reader = window?.type ?? (isOwn ? own : registry.builtin(record));
  if (reader === undefined) return null;
  const typeName = isOwn ? STREAM_EVENTS : reader.name;
  let columns: Columns | null = null;
  let objects: readonly EventRow[] | null = null;
  return {
    firstOffset,
    ...(isOwn ? { table } : {}),
    typeName: window === null ? typeName : WINDOW_RESULTS,
    window,
    columns() {
      columns ??= registry.columnsAs(reader, section, columnReaderOf(reader));
      return columns;
    },
    objects() {
      objects ??= registry.decodeAs<DynamicEvent>(reader, section.fingerprint, section.bytes);
      return objects;
    },
  };
}

/** The events by the name that the file has for them; null for those that the store does not take. */
function namedEvents(
  { registry, declared, nameOf }: ProjectedJournal,
  takes: ReadonlySet<string>,
  section: Section,
  stream: string,
  firstOffset: number,
): SectionEvents | null {
  const table = nameOf?.(stream, section) ?? null;
  if (table === null || !takes.has(table)) return null;
  const { fingerprint, bytes } = section;
  const record = registry.nameOf(fingerprint) ?? '';
  const own = declared.get(table)?.type;
  // What the engine and its users derive is read by the schema that wrote it. A column that is newer than an event is
  // null.
  const reader = (own?.name === record ? own : registry.builtin(record)) ?? registry.writerOf(fingerprint);
  if (reader === undefined) return null;
  let columns: Columns | null = null;
  return {
    firstOffset,
    table,
    typeName: record,
    window: registry.windowOf(fingerprint),
    columns() {
      columns ??= registry.columnsAs(reader, section, columnReaderOf(reader));
      return columns;
    },
    objects: () => registry.decodeAs<DynamicEvent>(reader, fingerprint, bytes),
  };
}

/** The events of both sides as JSON, since a join's columns are those of any two streams. */
function joinedEvents(
  join: string,
  registry: Registry,
  { fingerprint, bytes }: Section,
  firstOffset: number,
): SectionEvents {
  const json = (event: unknown): string | null => (event === null ? null : exactJson(event));
  const objects = (): readonly EventRow[] =>
    (registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []).map(({ key, ts, left, right }) => {
      return { join, key, ts, left: json(left), right: json(right) };
    });
  return { firstOffset, typeName: JOIN_RESULTS, window: null, objects, columns: () => columnsOfEvents(objects()) };
}
