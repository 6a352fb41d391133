/**
 * Moves sealed segments from this disk to a place, and back: uploaded, read back and compared there, noted here, and only then
 * removed here. After a crash in between the segment is still here, and the next pass goes on; readers prefer what is here.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Place } from '../places/place.ts';
import { type AwaySegment, awayName, awayOf, awayPath, fetchedPath, isAway, printAway } from './away.ts';
import { fetchSegment } from './fetch-segment.ts';
import type { Fs } from './fs.ts';
import { sha256OfContent } from './hashed-bytes.ts';
import { replaceFile } from './replace-file.ts';
import { sealedBytes } from './sealed-bytes.ts';
import { FOOTER_SEARCH_BYTES, footerBytes, readSeal, segmentBases, segmentName } from './segment.ts';

export interface TierPolicy {
  /** Segments go whose events were all committed before this time; epoch milliseconds. */
  readonly beforeMs: number;
  /** The oldest segments go while the log has more bytes here. */
  readonly maxBytes: number;
  /** A start may need what is read from this offset on at once: it begins from its snapshots. */
  readonly neededFrom: number;
  /** When the first event of a segment was committed, epoch milliseconds; Infinity for one without commits. */
  committedAtMs(base: number): Promise<number>;
}

interface TierableSegment {
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
}

/** The segments that the policy sends away, oldest first. The last one of a log always stays. */
export async function tierableSegments(fs: Fs, directory: string, policy: TierPolicy): Promise<TierableSegment[]> {
  const names = await fs.list(directory);
  const bases = segmentBases(names);
  const here = bases.filter((base) => !isAway(names, base));
  const sizes = await Promise.all(here.map((base) => fs.size(join(directory, segmentName(base)))));
  let total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const found: TierableSegment[] = [];
  for (const [i, base] of here.entries()) {
    const nextOffset = bases[bases.indexOf(base) + 1];
    const bytes = sizes[i] ?? 0;
    if (nextOffset === undefined || nextOffset > policy.neededFrom) break;
    if (total <= policy.maxBytes && (await policy.committedAtMs(nextOffset)) > policy.beforeMs) break;
    found.push({ firstOffset: base, nextOffset, bytes });
    total -= bytes;
  }
  return found;
}

/** Where segments go. */
export interface Tier {
  readonly place: Place;
  /** What the names of all segments in the place begin with. No other data directory has the same. */
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/**
 * Sends one segment away. When the tier's signal ends that first, the segment is here as it was. Throws when the
 * segment is damaged, when the place can't be had, or when the place gives back other bytes than it was given.
 */
export async function sendAway(
  fs: Fs,
  directory: string,
  base: number,
  { place, prefix, signal }: Tier,
  committedAtMs: (base: number) => Promise<number>,
): Promise<void> {
  const path = join(directory, segmentName(base));
  const end = await fs.readEnd(path, FOOTER_SEARCH_BYTES);
  const seal = readSeal(end);
  if (seal === null) throw new Error(`${path} does not end in a footer. See \`millrace journal verify\`.`);
  const stored = `${prefix}/${basename(directory)}/${segmentName(base)}.${seal.sha256.slice(0, 16)}`;
  const before = (await fs.list(directory)).includes(awayName(base)) ? await awayOf(fs, directory, base) : null;
  // A process was killed between the note and the removal.
  if (before?.stored !== stored || before.place !== place.name) {
    const bytes = await fs.size(path);
    const sealed = { sha256: seal.sha256, bodyBytes: bytes - footerBytes(end) };
    const hash = createHash('sha256');
    await place.write(stored, until(sealedBytes(path, sealed, hash), signal), bytes);
    const sha256 = hash.digest('hex');
    await requireStored(place, stored, sha256, signal);
    const { firstOffset, nextOffset } = seal;
    const atMs = await committedAtMs(base);
    const note = { firstOffset, nextOffset, bytes, sha256, sealed, place: place.name, stored };
    signal.throwIfAborted();
    await replaceFile(fs, directory, awayName(base), [
      Buffer.from(printAway({ ...note, committedAtMs: Number.isFinite(atMs) ? atMs : null })),
    ]);
    if (before !== null) await removeFrom(before);
  }
  await fs.unlink(fetchedPath(path)).catch(() => {});
  await fs.unlink(path);
  await fs.syncDirectory(directory);
}

/**
 * Brings a segment back to this disk and removes it from its place. Resolves with its bytes. Throws as fetchSegment
 * does.
 */
export async function bringBack(fs: Fs, directory: string, base: number): Promise<number> {
  const path = join(directory, segmentName(base));
  await fetchSegment(path);
  await fs.rename(fetchedPath(path), path);
  await fs.syncDirectory(directory);
  await forgetAway(fs, directory, base);
  return fs.size(path);
}

/** Removes a segment from its place, and then its note. The segment is unwanted, or is here again. */
export async function forgetAway(fs: Fs, directory: string, base: number): Promise<void> {
  const path = join(directory, segmentName(base));
  await removeFrom(await awayOf(fs, directory, base));
  await fs.unlink(fetchedPath(path)).catch(() => {});
  await fs.unlink(awayPath(path));
  await fs.syncDirectory(directory);
}

async function removeFrom({ place, stored }: AwaySegment): Promise<void> {
  const { openPlace } = await import('../places/open-place.ts');
  await openPlace(place, process.env, '').remove(stored);
}

async function requireStored(place: Place, stored: string, sha256: string, signal: AbortSignal): Promise<void> {
  if ((await sha256OfContent(until(place.read(stored), signal))) === sha256) return;
  throw new Error(
    `${place.name} gives back ${stored} with another SHA-256 than it was written with. It stays on this disk.`,
  );
}

async function* until(content: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    signal.throwIfAborted();
    yield chunk;
  }
}
