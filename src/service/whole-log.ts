/** Logs whose every commit is complete by itself: only the last commit is read, and the commits before it may be removed. */
import { join } from 'node:path';
import type { Log } from '../journal/log.ts';
import { prunableSegments, pruneSegments } from '../journal/prune.ts';
import type { Block } from '../messages/block.ts';
import { COMMIT_FRAME, encodeCommit } from '../messages/commit.ts';
import type { Platform } from './platform.ts';

/** Resolves with the commit's offset once it is durable. */
export function appendWhole(log: Log, stream: string, block: Block, committedAt: number): Promise<number> {
  const { parts, count } = encodeCommit({
    stream,
    partition: 0,
    source: 'internal',
    next: log.nextOffset(),
    committedAt,
    sections: [{ ...block, role: 'input' }],
  });
  return log.append(COMMIT_FRAME, count, parts);
}

/** Removes the commits before an offset. */
export async function pruneBehind(
  { disk: { fs } }: Platform,
  journalDir: string,
  log: string,
  neededFrom: number,
): Promise<void> {
  const directory = join(journalDir, log);
  const policy = { beforeMs: Number.POSITIVE_INFINITY, maxBytes: 0, neededFrom, committedAtMs: async () => 0 };
  await pruneSegments(fs, directory, await prunableSegments(fs, directory, policy));
}
