/** What the metrics count of a durable commit. */
import type { Committed } from '../actors/partition-consumer.ts';
import type { Metrics } from '../http/metrics.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';

/** Returns the dead letters of the commit. */
export function countCommit(metrics: Metrics, stream: string, commit: Committed): readonly DeadLetter[] {
  const { events, deadLetters, derived, failures } = commit;
  const letters = deadLettersOf(commit);
  metrics.add('events_in_total', { source: stream }, events + deadLetters);
  metrics.add('late_events_total', {}, derived.late);
  metrics.add('late_event_windows_total', {}, derived.lateWindows);
  for (const { reason } of letters) metrics.add('dead_letters_total', { reason });
  for (const failure of failures) {
    metrics.add('expectation_failures_total', { stream, expectation: failure.expectation }, failure.events);
  }
  return letters;
}

function deadLettersOf({ commit, deadLetters }: Committed): DeadLetter[] {
  if (deadLetters === 0) return [];
  return commit.sections
    .filter((block) => block.fingerprint === deadLetterType.fingerprint)
    .flatMap((block) => deadLetterType.decodeBlock(block.bytes));
}
