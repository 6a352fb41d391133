/**
 * The projector: reads the logs in order, decodes each section once, and hands it to every store that wants it and
 * has not got it. Rows and offsets commit together, so wherever it stops it goes on from there.
 */
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { type Columns, columnsOfEvents } from '../messages/columns.ts';
import type { Section } from '../messages/commit.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import { BUILTIN_TYPES } from '../messages/types.ts';
import { JOIN_RESULTS, type SectionEvents, STREAM_EVENTS, type Store, type Where, WINDOW_RESULTS } from './store.ts';

/** The journal as the projector reads it. */
export interface ProjectedJournal {
  readonly reader: CommitReader;
  readonly registry: Registry;
  /** The declared streams, by name. */
  readonly declared: ReadonlyMap<string, { readonly type: EventType<DynamicEvent> }>;
}

/** A log, and the offset up to which it may be projected: its durable offset. */
export interface LogRange {
  readonly log: string;
  readonly toOffset: number;
}

export interface Projected {
  /** Events read, whichever store took them. */
  readonly events: number;
  /** Offset reached in each log. */
  readonly reached: Readonly<Record<string, number>>;
  /** True when nothing is left below the given offsets. */
  readonly caughtUp: boolean;
}

const READERS = new Map<string, EventType<unknown>>(BUILTIN_TYPES.map((type) => [type.name, type]));

/**
 * Projects up to about `maxEvents` events in one transaction a store. Rolls every store back and rethrows when a frame
 * can't be read or a store refuses.
 */
export async function projectLogs(
  journal: ProjectedJournal,
  stores: readonly Store[],
  ranges: readonly LogRange[],
  maxEvents: number,
): Promise<Projected> {
  const { reader } = journal;
  try {
    for (const store of stores) await store.begin();
    const reached = new Map<string, number>();
    let events = 0;
    let caughtUp = true;
    for (const { log, toOffset } of ranges) {
      const projected = Math.min(...stores.map((store) => store.offsets().get(log) ?? 0));
      // Events that were pruned are in no new store.
      const from = Math.max(projected, await reader.startOf(log));
      let next = from;
      for await (const read of reader.commits(log, { fromOffset: from, toOffset })) {
        if (events >= maxEvents) {
          caughtUp = false;
          break;
        }
        const behind = stores.filter((store) => (store.offsets().get(log) ?? 0) <= read.offset);
        projectCommit(journal, behind, log, read);
        events += read.endOffset - read.offset;
        next = read.endOffset;
      }
      if (next > from) reached.set(log, next);
    }
    for (const store of stores) {
      const ahead = [...reached].filter(([log, next]) => next > (store.offsets().get(log) ?? 0));
      await store.commit(new Map(ahead));
    }
    return { events, reached: Object.fromEntries(reached), caughtUp };
  } catch (error) {
    for (const store of stores) await store.rollback();
    throw error;
  }
}

function projectCommit(
  journal: ProjectedJournal,
  stores: readonly Store[],
  log: string,
  { offset, commit }: JournaledCommit,
): void {
  const { stream, partition, committedAt, sections } = commit;
  let firstOffset = offset;
  for (const section of sections) {
    const where: Where = { log, stream, partition, firstOffset, committedAt };
    projectSection(journal, stores, section, where);
    firstOffset += section.count;
  }
}

/** Types that no store has a table for stay undecoded. */
function projectSection(journal: ProjectedJournal, stores: readonly Store[], section: Section, where: Where): void {
  const decoded = decodedAs(journal, section, where.stream);
  if (decoded === null) return;
  for (const store of stores) if (store.wants.has(decoded.typeName)) store.project(decoded, where);
}

/** One section is projected at a time, so one memory a type does. */
const columnReaders = new WeakMap<EventType<unknown>, ReturnType<EventType<unknown>['columnReader']>>();

function columnReaderOf(type: EventType<unknown>): ReturnType<EventType<unknown>['columnReader']> {
  const known = columnReaders.get(type) ?? type.columnReader();
  columnReaders.set(type, known);
  return known;
}

function decodedAs({ registry, declared }: ProjectedJournal, section: Section, stream: string): SectionEvents | null {
  const record = registry.nameOf(section.fingerprint) ?? '';
  const join = joinOfRecord(record);
  if (join !== null) return joinedEvents(join, registry, section);
  const window = registry.windowOf(section.fingerprint);
  const own = declared.get(stream)?.type;
  const isOwn = own?.name === record;
  const reader = window?.type ?? (isOwn ? own : READERS.get(record));
  if (reader === undefined) return null;
  const typeName = isOwn ? STREAM_EVENTS : reader.name;
  let columns: Columns | null = null;
  let objects: readonly unknown[] | null = null;
  return {
    typeName: window === null ? typeName : WINDOW_RESULTS,
    window,
    columns() {
      columns ??= registry.columnsAs(reader, section, columnReaderOf(reader));
      return columns;
    },
    objects() {
      objects ??= registry.decodeAs<unknown>(reader, section.fingerprint, section.bytes);
      return objects;
    },
  };
}

/** Both sides as JSON: their columns are those of any two streams. */
function joinedEvents(join: string, registry: Registry, { fingerprint, bytes }: Section): SectionEvents {
  const json = (event: unknown): string | null => (event === null ? null : JSON.stringify(event));
  const objects = (): readonly Record<string, unknown>[] =>
    (registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []).map(({ key, ts, left, right }) => {
      return { join, key, ts, left: json(left), right: json(right) };
    });
  return { typeName: JOIN_RESULTS, window: null, objects, columns: () => columnsOfEvents(objects()) };
}
