/** What a run derived, as JSON lines in commit order: the form of `millrace run --output`. */
import { type Frame, readFrames, startOfLog } from '../journal/reader.ts';
import { type Commit, decodeCommit, type Section } from '../messages/commit.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import {
  alertRaisedType,
  caseChangedType,
  deadLetterType,
  lateEventType,
  sessionClosedType,
  transactionScoredType,
} from '../messages/types.ts';
import { FLUSH } from '../service/flush.ts';
import { IDLENESS } from '../service/idleness.ts';
import type { PartitionUnit } from '../service/partition-unit.ts';

interface Line {
  readonly stream: string;
  readonly text: string;
}

/** Lines without their line ends, of the derived streams that are named, or of all. */
export function* outputLines(
  journalDir: string,
  registry: Registry,
  units: readonly PartitionUnit[],
  only: readonly string[],
): Generator<string> {
  for (const { stream, sections } of inCommitOrder(journalDir, units)) {
    for (const section of sections) {
      for (const line of sectionLines(registry, stream, section)) {
        if (only.length === 0 || only.includes(line.stream)) yield line.text;
      }
    }
  }
}

/**
 * The commits of all logs in one order, the same in every run: by how far the source had come, then stream and partition.
 * What a flush gave comes behind all that came before it in any log. Whoever is idle follows what the others did at the same position. A commit that takes in what another log has comes as
 * soon as that has been given.
 */
function* inCommitOrder(journalDir: string, units: readonly PartitionUnit[]): Generator<Commit> {
  const logs = units.map(({ log }) => {
    const range = { fromOffset: startOfLog(journalDir, log.name), toOffset: log.durableOffset() };
    return followLog(log.name, readFrames(journalDir, log.name, range));
  });
  const given = new Map<string, number>();
  const names = new Set(logs.map(({ name }) => name));
  const readers = logs.filter(({ head }) => head !== null && names.has(head.commit.source));
  const sources = logs.filter((log) => !readers.includes(log));
  for (;;) {
    let first: LogHead | null = null;
    for (const log of sources) if (log.head !== null && isBefore(log, log.head.commit, first)) first = log;
    if (first?.head == null) return;
    yield first.head.commit;
    given.set(first.name, first.head.endOffset);
    first.advance();
    // A reader comes after what it reads: what has just been given may let others behind it go on.
    for (let isAny = true; isAny; ) {
      isAny = false;
      for (const reader of readers) {
        while (reader.head !== null && (given.get(reader.head.commit.source) ?? 0) >= reader.head.commit.next) {
          yield reader.head.commit;
          given.set(reader.name, reader.head.endOffset);
          reader.advance();
          isAny = true;
        }
      }
    }
  }
}

interface LogHead {
  readonly name: string;
  /** Null at the end. */
  readonly head: { readonly commit: Commit; readonly endOffset: number } | null;
  /** Flushes before that. */
  readonly flushes: number;
  advance(): void;
}

function followLog(name: string, frames: Generator<Frame>): LogHead {
  const next = (): LogHead['head'] => {
    const { value, done } = frames.next();
    return done === true ? null : { commit: decodeCommit(value.body), endOffset: value.endOffset };
  };
  let head = next();
  let flushes = 0;
  return {
    name,
    get flushes() {
      return flushes;
    },
    get head() {
      return head;
    },
    advance() {
      if (head?.commit.source === FLUSH) flushes += 1;
      head = next();
    },
  };
}

function isBefore({ flushes }: LogHead, commit: Commit, first: LogHead | null): boolean {
  if (first?.head == null) return true;
  const other = first.head.commit;
  if (flushes !== first.flushes) return flushes < first.flushes;
  if (commit.source === FLUSH || other.source === FLUSH) return other.source === FLUSH && commit.source !== FLUSH;
  if (commit.next !== other.next) return commit.next < other.next;
  return commit.source !== IDLENESS && other.source === IDLENESS;
}

function* sectionLines(registry: Registry, stream: string, { fingerprint, bytes }: Section): Generator<Line> {
  const window = registry.windowOf(fingerprint);
  if (window !== null) {
    for (const { aggregates, count, ...result } of window.type.decodeBlock(bytes)) {
      yield lineOf({ stream: window.window, ...result, ...aggregates });
    }
    return;
  }
  const join = joinOfRecord(registry.nameOf(fingerprint) ?? '');
  if (join !== null) {
    for (const result of registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []) {
      yield lineOf({ stream: join, ...result });
    }
    return;
  }
  const derived = derivedStreamOfRecord(registry.nameOf(fingerprint) ?? '');
  if (derived !== null) {
    for (const event of registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []) {
      yield lineOf({ stream: derived, ...event });
    }
    return;
  }
  switch (registry.nameOf(fingerprint)) {
    case lateEventType.name:
      for (const { window, key, latenessMs, windows, event } of registry.decodeAs(lateEventType, fingerprint, bytes)) {
        const name = `${window}.late`;
        const start = `{"stream":${JSON.stringify(name)},"key":${JSON.stringify(key)}`;
        yield { stream: name, text: `${start},"latenessMs":${latenessMs},"windows":${windows},"event":${event}}` };
      }
      return;
    case deadLetterType.name:
      for (const { reason, detail, position, raw } of registry.decodeAs(deadLetterType, fingerprint, bytes)) {
        yield lineOf({ stream: `${stream}.dead-letters`, reason, detail, position, raw: raw.toString('utf8') });
      }
      return;
    case sessionClosedType.name:
      for (const session of registry.decodeAs(sessionClosedType, fingerprint, bytes)) {
        yield lineOf({ stream: 'fraud.sessions', key: String(session.customerId), ...session });
      }
      return;
    case transactionScoredType.name:
      for (const score of registry.decodeAs(transactionScoredType, fingerprint, bytes)) {
        yield lineOf({ stream: 'fraud.scores', key: String(score.customerId), ...score });
      }
      return;
    case alertRaisedType.name:
      for (const alert of registry.decodeAs(alertRaisedType, fingerprint, bytes)) {
        yield lineOf({ stream: 'fraud.alerts', key: String(alert.customerId), ...alert });
      }
      return;
    case caseChangedType.name:
      for (const change of registry.decodeAs(caseChangedType, fingerprint, bytes)) {
        yield lineOf({ stream: 'fraud.cases', key: String(change.customerId), ...change });
      }
      return;
  }
}

function lineOf<T extends { readonly stream: string }>(value: T): Line {
  return { stream: value.stream, text: JSON.stringify(value) };
}
