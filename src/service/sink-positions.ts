/**
 * Where each sink stands, in a log of its own. Every commit of it says all of every sink, so the last one is all that is
 * read, and what lies before it goes. What a sink still has to send is needed: retention asks here.
 */
import { join } from 'node:path';
import { lastPositions, neededBy, SINKS_LOG, type SinkNeed } from '../data-directory/sink-positions.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../journal/log.ts';
import { prunableSegments, pruneSegments } from '../journal/prune.ts';
import { COMMIT_FRAME, encodeCommit } from '../messages/commit.ts';
import { SINKS, type SinkPosition } from '../messages/sink-facts.ts';
import { sinkPositionsType } from '../messages/types.ts';
import type { Platform } from './platform.ts';
import type { Pruning } from './pruning.ts';

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
    const offset = await append(own, sinks, platform.nowMs());
    for (const position of sinks) if (newest.has(position.sink)) durable.set(position.sink, position);
    if (offset % PRUNE_EVERY === 0 && !pruning.isHeld()) await prune(platform, journal.dir, offset);
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

function append(log: Log, sinks: readonly SinkPosition[], committedAt: number): Promise<number> {
  const block = sinkPositionsType.encodeBlock([{ sinks: [...sinks] }]);
  const { parts, count } = encodeCommit({
    stream: SINKS,
    partition: 0,
    source: 'internal',
    next: log.nextOffset(),
    committedAt,
    sections: [{ ...block, role: 'input' }],
  });
  return log.append(COMMIT_FRAME, count, parts);
}

async function prune({ disk: { fs } }: Platform, journalDir: string, neededFrom: number): Promise<void> {
  const directory = join(journalDir, SINKS_LOG);
  const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom, committedAtMs: async () => 0 };
  await pruneSegments(fs, directory, await prunableSegments(fs, directory, policy));
}
