/**
 * The port for reading a journal, in any thread: to follow it, recover from it or look into it. A reader takes no lock and
 * changes nothing. Its calls may wait, since a journal need not be on this machine's disk.
 */
import type { Commit } from '../messages/commit.ts';

export interface OffsetRange {
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
}

/** A commit in its place. */
export interface JournaledCommit {
  /** Offset of its first event. */
  readonly offset: number;
  /** One past its last event. */
  readonly endOffset: number;
  /** Stays valid: no later read reuses the memory of its sections, unless the reader was opened to do so. */
  readonly commit: Commit;
}

export interface CommitReader {
  /** Names of the logs, sorted; none of a journal that does not exist yet. */
  logNames(): Promise<readonly string[]>;
  /** Offset of the first event that is kept: more than 0 once old ones were pruned. 0 for a log without events. */
  startOf(log: string): Promise<number>;
  /**
   * One past the last event that is certain to stay, for a reader that has no writer to ask. Beside a writer it may lag
   * behind the writer's durable offset; it never runs ahead.
   */
  endOf(log: string): Promise<number>;
  /** An offset at or shortly before the first event that was committed at or after this time. */
  offsetAt(log: string, committedAtMs: number): Promise<number>;
  /**
   * Commits with an event in the range, in order; the first may begin before it, and the last end behind it. Rejects with
   * a JournalError of kind `corrupt` when an event of the range is damaged, pruned, or not there. In a log that somebody
   * writes, the caller bounds the range by the durable end.
   */
  commits(log: string, range: OffsetRange): AsyncGenerator<JournaledCommit>;
}
