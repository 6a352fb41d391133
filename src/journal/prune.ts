/**
 * Retention: whole sealed segments at the front of a log go when nobody needs them. The oldest goes first, so that a crash
 * in between leaves a log that is only longer. The last segment always stays, so the highest offset is never forgotten.
 */
import { join } from 'node:path';
import { type AwaySegment, awayName, awayOf, isAway } from './away.ts';
import type { Fs } from './fs.ts';
import { segmentBases, segmentName } from './segment.ts';
import { removeIndex } from './segment-index.ts';
import { forgetAway } from './tier.ts';

export interface RetentionPolicy {
  /** Segments whose events were all committed before it may go; epoch milliseconds, −Infinity for none. */
  readonly beforeMs: number;
  /** Segments may go while the log is larger. */
  readonly maxBytes: number;
  /** Events from here on are needed by somebody. */
  readonly neededFrom: number;
  /** Who waits for events from an offset on. */
  readonly awaited?: readonly Awaiting[];
  /** Called once for each reader that holds segments which would go otherwise. */
  readonly onHeld?: (who: string) => void;
  /** When the first event of a segment was committed, epoch milliseconds. */
  committedAtMs(base: number): Promise<number>;
}

export interface Awaiting {
  readonly who: string;
  readonly from: number;
  /** Of the events that it waits for, only those committed after this time count; -Infinity for all. */
  readonly afterMs: number;
  /** Its events count only while the log has no more bytes than these. */
  readonly maxBytes: number;
}

export interface PrunableSegment {
  readonly file: string;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
}

/** The segments that the policy lets go, oldest first. */
export async function prunableSegments(fs: Fs, directory: string, policy: RetentionPolicy): Promise<PrunableSegment[]> {
  const names = await fs.list(directory);
  const bases = segmentBases(names);
  const awayAt = async (base: number): Promise<AwaySegment | null> =>
    isAway(names, base) ? awayOf(fs, directory, base) : null;
  const sizeOf = async (base: number): Promise<number> =>
    (await awayAt(base))?.bytes ?? (await fs.size(join(directory, segmentName(base))));
  const sizes = await Promise.all(bases.map(sizeOf));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  const prunable: PrunableSegment[] = [];
  for (const [i, base] of bases.entries()) {
    const nextOffset = bases[i + 1];
    const bytes = sizes[i] ?? 0;
    if (nextOffset === undefined || nextOffset > policy.neededFrom) break;
    const endMs = (await awayAt(nextOffset))?.committedAtMs ?? (await policy.committedAtMs(nextOffset));
    const isOld = endMs <= policy.beforeMs;
    if (!isOld && total <= policy.maxBytes) break;
    const isHeld = ({ from, afterMs, maxBytes }: Awaiting): boolean =>
      nextOffset > from && endMs > afterMs && total <= maxBytes;
    const holding = policy.awaited?.find(isHeld);
    if (holding !== undefined) {
      policy.onHeld?.(holding.who);
      break;
    }
    prunable.push({ file: join(directory, segmentName(base)), firstOffset: base, nextOffset, bytes });
    total -= bytes;
  }
  return prunable;
}

export async function pruneSegments(fs: Fs, directory: string, segments: readonly PrunableSegment[]): Promise<void> {
  for (const { file, firstOffset } of segments) {
    const names = await fs.list(directory);
    if (names.includes(awayName(firstOffset))) await forgetAway(fs, directory, firstOffset);
    if (names.includes(segmentName(firstOffset))) await fs.unlink(file);
    await removeIndex(fs, file);
    await fs.syncDirectory(directory);
  }
}
