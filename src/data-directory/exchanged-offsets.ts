/**
 * What of each log the exchanges have that read it, by what stands in their own logs. Without a service there is no
 * configuration to ask: an exchange that was taken out of it, and may come back, counts too.
 */
import type { CommitReader } from '../journal/commit-reader.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { logOfInputChannel } from '../partition/input-channel.ts';
import { notedStreams } from './derivation-history.ts';

/** Up to which offset exchanges have read each log; Infinity for a log that no exchange reads. */
export async function exchangedOffsets(
  dataDir: string,
  reader: CommitReader,
  fs: SyncFs,
): Promise<(log: string) => number> {
  const least = new Map<string, number>();
  for (const { derivation, logs } of notedStreams(dataDir, fs).values()) {
    const channels = derivation.inputs.flatMap(({ channels: own = [] }) => own.map(logOfInputChannel));
    if (channels.length === 0) continue;
    for (const log of logs) {
      const positions = await positionsIn(log, reader);
      for (const channel of channels) {
        const position = positions.get(channel) ?? 0;
        least.set(channel, Math.min(least.get(channel) ?? position, position));
      }
    }
  }
  return (log) => least.get(log) ?? Number.POSITIVE_INFINITY;
}

async function positionsIn(log: string, reader: CommitReader): Promise<ReadonlyMap<string, number>> {
  const range = { fromOffset: await reader.startOf(log), toOffset: await reader.endOf(log) };
  const positions = new Map<string, number>();
  for await (const { commit } of reader.commits(log, range)) positions.set(commit.source, commit.next);
  return positions;
}
