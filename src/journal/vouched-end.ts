/**
 * Where a log ends for a reader that does not open it. Beside its writer that is what is known to be durable, and nothing
 * that could be taken back. When nobody writes, it is every whole frame, as the next writer finds it: whoever was killed
 * had no time to vouch for its last ones, and some were acknowledged.
 */
import { join } from 'node:path';
import { frameBytes, readHeader } from './frame.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';
import type { SyncFs } from './sync-fs.ts';
import { witnessOf } from './witness.ts';

export interface LogEnd {
  /** One past the last event that a later frame, HEAD or a snapshot vouches for. */
  readonly vouched: number;
  /** One past the last event of a whole frame. */
  readonly whole: number;
}

/** Both are 0 for a log without segments. */
export function endsOf(fs: SyncFs, directory: string): LogEnd {
  const witness = witnessOf(directory);
  const base = segmentBases(fs.list(directory)).at(-1);
  if (base === undefined) return { vouched: 0, whole: 0 };
  const bytes = fs.read(join(directory, segmentName(base)));
  const { durableBytes, validBytes, sealed, nextOffset } = scanSegment(bytes, base, 0);
  if (sealed) return { vouched: nextOffset, whole: nextOffset };
  let end = base;
  for (let at = 0; at < Math.min(durableBytes, validBytes); ) {
    const header = readHeader(bytes, at);
    if (header === null) break;
    end = header.offset + header.count;
    at += frameBytes(header);
  }
  return { vouched: Math.min(Math.max(end, witness), nextOffset), whole: nextOffset };
}
