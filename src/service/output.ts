/** What a run derived, as JSON lines in commit order, partition by partition: the form of `millrace run --output`. */
import { readFrames, startOfLog } from '../journal/reader.ts';
import { decodeCommit, type Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import {
  alertRaisedType,
  caseChangedType,
  deadLetterType,
  lateEventType,
  sessionClosedType,
  transactionScoredType,
} from '../messages/types.ts';
import type { PartitionUnit } from './partition-unit.ts';

/** Lines of every partition's log, without their line ends. */
export function* outputLines(
  journalDir: string,
  registry: Registry,
  units: readonly PartitionUnit[],
): Generator<string> {
  for (const { log } of units) {
    for (const frame of readFrames(journalDir, log.name, {
      fromOffset: startOfLog(journalDir, log.name),
      toOffset: log.durableOffset(),
    })) {
      const { stream, sections } = decodeCommit(frame.body);
      for (const section of sections) yield* sectionLines(registry, stream, section);
    }
  }
}

function* sectionLines(registry: Registry, stream: string, { fingerprint, bytes }: Section): Generator<string> {
  const window = registry.windowOf(fingerprint);
  if (window !== null) {
    for (const { aggregates, count, ...result } of window.type.decodeBlock(bytes)) {
      yield JSON.stringify({ stream: window.window, ...result, ...aggregates });
    }
    return;
  }
  switch (registry.nameOf(fingerprint)) {
    case lateEventType.name:
      for (const { window, key, latenessMs, event } of registry.decodeAs(lateEventType, fingerprint, bytes)) {
        yield `{"stream":${JSON.stringify(`${window}.late`)},"key":${JSON.stringify(key)},"latenessMs":${latenessMs},"event":${event}}`;
      }
      return;
    case deadLetterType.name:
      for (const { reason, detail, position, raw } of registry.decodeAs(deadLetterType, fingerprint, bytes)) {
        yield JSON.stringify({ stream: `${stream}.dead-letters`, reason, detail, position, raw: raw.toString('utf8') });
      }
      return;
    case sessionClosedType.name:
      for (const session of registry.decodeAs(sessionClosedType, fingerprint, bytes)) {
        yield JSON.stringify({ stream: 'fraud.sessions', key: String(session.customerId), ...session });
      }
      return;
    case transactionScoredType.name:
      for (const score of registry.decodeAs(transactionScoredType, fingerprint, bytes)) {
        yield JSON.stringify({ stream: 'fraud.scores', key: String(score.customerId), ...score });
      }
      return;
    case alertRaisedType.name:
      for (const alert of registry.decodeAs(alertRaisedType, fingerprint, bytes)) {
        yield JSON.stringify({ stream: 'fraud.alerts', key: String(alert.customerId), ...alert });
      }
      return;
    case caseChangedType.name:
      for (const change of registry.decodeAs(caseChangedType, fingerprint, bytes)) {
        yield JSON.stringify({ stream: 'fraud.cases', key: String(change.customerId), ...change });
      }
      return;
  }
}
