/**
 * Where each sink stands, in a log of its own. Every commit of it says all of every sink, so the last one is all that is
 * read, and what lies before it goes. What a sink still has to send is needed: retention asks here.
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
  /** What is durable of a sink; null when it is new. */
  of(sink: string): SinkPosition | null;
  /** Resolves once it is durable, together with what others wrote meanwhile. */
  save(position: SinkPosition): Promise<void>;
  /** Sinks that are no more hold nothing back. */
  keepOnly(sinks: readonly string[]): void;
  /** From where on each sink needs a log; Infinity when it needs nothing of it. */
  needs(log: string): readonly SinkNeed[];
}

/** Commits between two looks at what may go. */
const PRUNE_EVERY = 1000;

/** `configured` are those that will run: while one of them has no position yet, all is needed. */
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
      // What was noted while one commit was on its way is in the next, whoever writes it.
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
