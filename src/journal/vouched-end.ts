/** Where a log ends for a reader beside its writer: what is known to be durable, and nothing that could be taken back. */
import { join } from 'node:path';
import { frameBytes, readHeader } from './frame.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';
import type { SyncFs } from './sync-fs.ts';
import { witnessOf } from './witness.ts';

/**
 * One past the last event that a later frame, HEAD or a snapshot vouches for; 0 for a log without segments. It lags
 * behind a log that nobody writes to any more by one group at most.
 */
export function vouchedEnd(fs: SyncFs, directory: string): number {
  const witness = witnessOf(directory);
  const base = segmentBases(fs.list(directory)).at(-1);
  if (base === undefined) return 0;
  const bytes = fs.read(join(directory, segmentName(base)));
  const { durableBytes, validBytes, sealed, nextOffset } = scanSegment(bytes, base, 0);
  if (sealed) return nextOffset;
  let end = base;
  for (let at = 0; at < Math.min(durableBytes, validBytes); ) {
    const header = readHeader(bytes, at);
    if (header === null) break;
    end = header.offset + header.count;
    at += frameBytes(header);
  }
  return Math.min(Math.max(end, witness), nextOffset);
}
