/**
 * Puts the commits of all logs in one order, the same in every run: by the source's position, then stream and partition.
 * The results of a flush come behind everything that came before the flush in any log. Decisions about an idle partition
 * follow the other partitions' commits of the same position. A commit that reads another log comes as soon as its input has
 * been given.
 *
 * The order itself is pure, and asks for the next commit of a log when it needs it.
 */
import type { JournaledCommit } from '../journal/commit-reader.ts';
import type { Commit } from '../messages/commit.ts';
import { FLUSH } from '../service/flush.ts';
import { IDLENESS } from '../service/idleness.ts';

/** The place of the order in one log. */
interface LogHead {
  readonly name: string;
  /** The next commit; null at the end. */
  head: JournaledCommit | null;
  /** How many flushes came before it. */
  flushes: number;
}

/** The logs by name, in order of stream and partition. */
export async function* inCommitOrder(
  logs: ReadonlyMap<string, AsyncIterator<JournaledCommit>>,
): AsyncGenerator<Commit> {
  for (const step of ordered([...logs.keys()])) {
    if ('commit' in step) {
      yield step.commit;
      continue;
    }
    const next = await logs.get(step.wanted.name)?.next();
    moveOn(step.wanted, next === undefined || next.done === true ? null : next.value);
  }
}

/** The same order for commits that are in memory already. */
export function* inCommitOrderNow(logs: ReadonlyMap<string, readonly JournaledCommit[]>): Generator<Commit> {
  const places = new Map<string, number>();
  for (const step of ordered([...logs.keys()])) {
    if ('commit' in step) {
      yield step.commit;
      continue;
    }
    const { name } = step.wanted;
    const place = places.get(name) ?? 0;
    places.set(name, place + 1);
    moveOn(step.wanted, logs.get(name)?.[place] ?? null);
  }
}

/** The next commit, or the log whose next commit is needed first. */
type Step = { readonly commit: Commit } | { readonly wanted: LogHead };

function* ordered(names: readonly string[]): Generator<Step> {
  const logs = names.map((name): LogHead => ({ name, head: null, flushes: 0 }));
  for (const wanted of logs) yield { wanted };
  const known = new Set(names);
  const readers = logs.filter(({ head }) => head !== null && known.has(head.commit.source));
  const sources = logs.filter((log) => !readers.includes(log));
  const given = new Map<string, number>();
  for (;;) {
    let first: LogHead | null = null;
    for (const log of sources) if (log.head !== null && isBefore(log, log.head.commit, first)) first = log;
    if (first?.head == null) return;
    given.set(first.name, first.head.endOffset);
    yield { commit: first.head.commit };
    yield { wanted: first };
    // A log that reads another comes after it: the commit just given may let others go on.
    for (let isAny = true; isAny; ) {
      isAny = false;
      for (const reader of readers) {
        while (reader.head !== null && (given.get(reader.head.commit.source) ?? 0) >= reader.head.commit.next) {
          given.set(reader.name, reader.head.endOffset);
          yield { commit: reader.head.commit };
          yield { wanted: reader };
          isAny = true;
        }
      }
    }
  }
}

function moveOn(log: LogHead, next: JournaledCommit | null): void {
  if (log.head?.commit.source === FLUSH) log.flushes += 1;
  log.head = next;
}

function isBefore({ flushes }: LogHead, commit: Commit, first: LogHead | null): boolean {
  if (first?.head == null) return true;
  const other = first.head.commit;
  if (flushes !== first.flushes) return flushes < first.flushes;
  if (commit.source === FLUSH || other.source === FLUSH) return other.source === FLUSH && commit.source !== FLUSH;
  if (commit.next !== other.next) return commit.next < other.next;
  return commit.source !== IDLENESS && other.source === IDLENESS;
}
