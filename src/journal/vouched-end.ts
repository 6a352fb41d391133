/**
 * Where a log ends for a reader that does not open it. Beside a writer the end is what is known to be durable, so that
 * nothing read can be taken back. When nobody writes, every whole frame counts, as for the next writer: a killed process
 * had no time to vouch for its last frames, and some of them were acknowledged.
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
