/**
 * The positions of all sinks, in a log of their own. Every commit of that log has the complete positions, so only the last
 * commit is read, and earlier ones are removed. Retention asks here, since it must keep what a sink still has to send.
 */
import { lastPositions, neededBy, SINKS_LOG, type SinkNeed } from '../data-directory/sink-positions.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../journal/log.ts';
import { SINKS, type SinkPosition } from '../messages/sink-facts.ts';
import { sinkPositionsType } from '../messages/types.ts';
import type { Platform } from './platform.ts';
import type { Pruning } from './pruning.ts';
import { appendWhole, pruneBehind } from './whole-log.ts';

export interface SinkPositionsLog {
  /** The durable position of a sink; null when the sink is new. */
  of(sink: string): SinkPosition | null;
  /** Resolves once the position is durable, together with positions that other sinks wrote meanwhile. */
  save(position: SinkPosition): Promise<void>;
  /** Forgets all other sinks, so that a sink that is no more holds nothing back. */
  keepOnly(sinks: readonly string[]): void;
  /** The offset from which each sink needs a log; Infinity when it needs nothing of the log. */
  needs(log: string): readonly SinkNeed[];
}

/** Commits between two prunings. */
const PRUNE_EVERY = 1000;

/** `configured` are the sinks that will run. While one of them has no position yet, everything is needed. */
export async function openSinkPositions(
  journal: Journal,
  reader: CommitReader,
  configured: readonly string[],
  pruning: Pruning,
  platform: Platform,
): Promise<SinkPositionsLog> {
  const isThere = (await reader.logNames()).includes(SINKS_LOG);
  const log = isThere || configured.length > 0 ? await journal.openLog(SINKS_LOG) : null;
  const durable = new Map<string, SinkPosition>();
  if (log !== null) {
    for (const position of await lastPositions(reader, log.nextOffset())) durable.set(position.sink, position);
  }
  const newest = new Map(durable);
  let writing: Promise<void> | null = null;

  async function writeNewest(own: Log): Promise<void> {
    const sinks = [...newest.values()];
    const block = sinkPositionsType.encodeBlock([{ sinks }]);
    const offset = await appendWhole(own, SINKS, block, platform.nowMs());
    for (const position of sinks) if (newest.has(position.sink)) durable.set(position.sink, position);
    if (offset % PRUNE_EVERY === 0 && !pruning.isHeld()) await pruneBehind(platform, journal.dir, SINKS_LOG, offset);
  }

  return {
    of: (sink) => durable.get(sink) ?? null,
    async save(position) {
      if (log === null) return;
      newest.set(position.sink, position);
      await writing?.catch(() => {});
      // Positions that were noted while one commit was on its way are in the next, whoever writes it.
      writing ??= writeNewest(log).finally(() => {
        writing = null;
      });
      await writing;
    },
    keepOnly(sinks) {
      for (const sink of [...newest.keys()].filter((name) => !sinks.includes(name))) {
        newest.delete(sink);
        durable.delete(sink);
      }
    },
    needs: (name) => [
      ...[...durable.values()].map((position) => ({ sink: position.sink, from: neededBy(position, name) })),
      ...configured.filter((sink) => !durable.has(sink)).map((sink) => ({ sink, from: 0 })),
    ],
  };
}
