/**
 * Events of one kind in a log, between two times that a field of theirs has.
 *
 * A log is in the order of arrival, and arrival is in the order of event time but for some disorder. So where a time stands is
 * found by halving the log, a commit at each step, and only what lies between the two ends is read: the length of the log does
 * not matter. What came with more disorder than was said is missed; who knows how many there must be reads the log whole then.
 */
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import type { Commit, Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { commitTimeMs, type TimeFields } from './commit-time.ts';

export interface SearchedJournal {
  readonly reader: CommitReader;
  readonly registry: Registry;
  readonly timeFields: TimeFields;
}

export interface Sought {
  readonly log: string;
  /** Where the log ends; exclusive. */
  readonly toOffset: number;
  /** The type that wrote a section of the kind; null for any other section. */
  typeOf(section: Section): EventType<DynamicEvent> | null;
  /** Epoch ms of each row. */
  timesOf(columns: Columns): Float64Array;
  /** Of the rows, both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the commits that may have such rows: about what event time the log had come to then. Infinite ends read all. */
  readonly arrivedFromMs: number;
  readonly arrivedToMs: number;
  /**
   * Of a log that follows several others: it stands at the time of the one that is ahead, and what is derived waits for the one
   * that is behind. So the end is where rows of a later time come.
   */
  readonly followsOthers?: boolean;
}

/** Rows of one section whose time is in the range. Commit and columns are gone when the next is asked for. */
export interface FoundRows {
  readonly commit: Commit;
  readonly columns: Columns;
  readonly rows: readonly number[];
  /** Offset of the section's first event. */
  readonly firstOffset: number;
}

/** A stretch of the log that is read rather than halved again. */
const STRETCH_EVENTS = 2_048;
/** Between two looks at whether others wait for this thread. */
const TURN_MS = 10;

export async function* eventsInTime(journal: SearchedJournal, sought: Sought): AsyncGenerator<FoundRows> {
  const { log, fromMs, toMs, toOffset } = sought;
  const fromOffset = await firstArrived(journal, sought);
  let isFollowed = sought.followsOthers !== true;
  let turnEnds = performance.now() + TURN_MS;
  for await (const read of journal.reader.commits(log, { fromOffset, toOffset })) {
    for (const { section, firstOffset } of sectionsOf(read)) {
      const type = sought.typeOf(section);
      if (type === null) continue;
      const columns = type.columns(section);
      const times = sought.timesOf(columns);
      const rows: number[] = [];
      let oldestMs = Number.POSITIVE_INFINITY;
      for (let row = 0; row < columns.count; row++) {
        const time = times[row]!;
        oldestMs = Math.min(oldestMs, time);
        if (time >= fromMs && time <= toMs) rows.push(row);
      }
      isFollowed ||= columns.count > 0 && oldestMs > sought.arrivedToMs;
      if (rows.length > 0) yield { commit: read.commit, columns, rows, firstOffset };
    }
    if (isFollowed && sought.arrivedToMs < Number.POSITIVE_INFINITY) {
      if (commitTimeMs(read.commit, journal.registry, journal.timeFields) > sought.arrivedToMs) return;
    }
    if (performance.now() > turnEnds) {
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + TURN_MS;
    }
  }
}

/** The sections of a commit, each with the offset of its first event. */
export function* sectionsOf({ offset, commit }: JournaledCommit): Generator<{
  readonly section: Section;
  readonly firstOffset: number;
}> {
  let firstOffset = offset;
  for (const section of commit.sections) {
    yield { section, firstOffset };
    firstOffset += section.count;
  }
}

/** An offset shortly before the first commit by which the log had come so far. */
async function firstArrived(journal: SearchedJournal, { log, toOffset, arrivedFromMs }: Sought): Promise<number> {
  let from = await journal.reader.startOf(log);
  if (arrivedFromMs === Number.NEGATIVE_INFINITY) return from;
  let to = toOffset;
  while (to - from > STRETCH_EVENTS) {
    const middle = Math.floor((from + to) / 2);
    const sample = await sampleAt(journal, log, middle, to);
    if (sample === null || sample.timeMs >= arrivedFromMs) to = middle;
    else from = sample.endOffset;
  }
  return from;
}

/** The time of the first commit from an offset on that has one; null when there is none before the end. */
async function sampleAt(
  { reader, registry, timeFields }: SearchedJournal,
  log: string,
  fromOffset: number,
  toOffset: number,
): Promise<{ readonly timeMs: number; readonly endOffset: number } | null> {
  for await (const { commit, endOffset } of reader.commits(log, { fromOffset, toOffset })) {
    const timeMs = commitTimeMs(commit, registry, timeFields);
    if (!Number.isNaN(timeMs)) return { timeMs, endOffset };
  }
  return null;
}
