/** What a run derived, as JSON lines in commit order: the form of `millrace run --output`. */
import { readFrames, startOfLog } from '../journal/reader.ts';
import { type Commit, decodeCommit, type Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import {
  alertRaisedType,
  caseChangedType,
  deadLetterType,
  lateEventType,
  sessionClosedType,
  transactionScoredType,
} from '../messages/types.ts';
import { IDLENESS } from './idleness.ts';
import type { PartitionUnit } from './partition-unit.ts';

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
 * Whoever is idle follows what the others did at the same position.
 */
function* inCommitOrder(journalDir: string, units: readonly PartitionUnit[]): Generator<Commit> {
  const logs = units.map(({ log }) => {
    const range = { fromOffset: startOfLog(journalDir, log.name), toOffset: log.durableOffset() };
    return { frames: readFrames(journalDir, log.name, range)[Symbol.iterator](), head: nothing() };
  });
  const advance = (log: (typeof logs)[number]): void => {
    const { value, done } = log.frames.next();
    log.head = done === true ? null : decodeCommit(value.body);
  };
  for (const log of logs) advance(log);
  for (;;) {
    let first: (typeof logs)[number] | null = null;
    for (const log of logs) if (log.head !== null && isBefore(log.head, first?.head ?? null)) first = log;
    if (first === null || first.head === null) return;
    yield first.head;
    advance(first);
  }
}

function nothing(): Commit | null {
  return null;
}

function isBefore(commit: Commit, other: Commit | null): boolean {
  if (other === null) return true;
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
