/** Where the sinks of a data directory stand, as their log says, and what of other logs they still need. */
import type { CommitReader } from '../journal/commit-reader.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS } from '../messages/operations.ts';
import { SINKS, type SinkPosition } from '../messages/sink-facts.ts';
import { sinkPositionsType } from '../messages/types.ts';

export const SINKS_LOG = logName(SINKS, 0);
const OPERATIONS_LOG = logName(OPERATIONS, 0);

/**
 * The positions in the last commit below an offset. Each commit of the log has one event, and that event has all
 * positions.
 */
export async function lastPositions(reader: CommitReader, nextOffset: number): Promise<readonly SinkPosition[]> {
  if (nextOffset === 0) return [];
  const range = { fromOffset: nextOffset - 1, toOffset: nextOffset };
  for await (const { commit } of reader.commits(SINKS_LOG, range)) {
    for (const { fingerprint, bytes } of commit.sections) {
      if (fingerprint !== sinkPositionsType.fingerprint) continue;
      return sinkPositionsType.decodeBlock(bytes).at(-1)?.sinks ?? [];
    }
  }
  return [];
}

export interface SinkNeed {
  readonly sink: string;
  readonly from: number;
}

/** The offset from which on a sink needs a log; Infinity when it needs nothing of it. */
export function neededBy({ logs, held, outcomesFrom }: SinkPosition, log: string): number {
  if (log === OPERATIONS_LOG) return outcomesFrom;
  const own = logs.find((entry) => entry.log === log)?.next ?? Number.POSITIVE_INFINITY;
  return Math.min(own, ...held.filter((entry) => entry.log === log).map(({ offset }) => offset));
}
