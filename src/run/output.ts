/** What a run derived, as JSON lines in commit order: the form of `millrace run --output`. */
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { Commit } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { derivedEvents } from '../messages/stream-events.ts';
import type { PartitionUnit } from '../service/partition-unit.ts';
import { outputOf } from '../tables.ts';
import { inCommitOrder } from './commit-order.ts';

/** Lines without their line ends, of the derived streams that are named, or of all. */
export async function* outputLines(
  reader: CommitReader,
  registry: Registry,
  units: readonly PartitionUnit[],
  only: readonly string[],
): AsyncGenerator<string> {
  const logs = new Map<string, AsyncIterator<JournaledCommit>>();
  for (const { log } of units) {
    const range = { fromOffset: await reader.startOf(log.name), toOffset: log.durableOffset() };
    logs.set(log.name, reader.commits(log.name, range));
  }
  for await (const commit of inCommitOrder(logs)) {
    for (const line of commitLines(registry, commit, only)) yield line;
  }
}

export function* commitLines(registry: Registry, commit: Commit, only: readonly string[]): Generator<string> {
  for (const section of commit.sections) {
    for (const { stream, json } of derivedEvents(registry, outputOf, commit.stream, section)) {
      if (only.length === 0 || only.includes(stream)) yield json;
    }
  }
}
