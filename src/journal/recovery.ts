/**
 * Opens a log. Its last segment is checked byte by byte, earlier segments by the footers that chain them; their bodies are
 * checked when they are read. A torn tail is set aside and cut off; rot is refused, and nothing is changed.
 */
import { dirname, join } from 'node:path';
import { awayOf, isAway } from './away.ts';
import { JournalError } from './error.ts';
import { type Fs, isNoSpace } from './fs.ts';
import { HEAD_FILE, parseHead } from './head.ts';
import type { LogStart } from './log.ts';
import { FOOTER_SEARCH_BYTES, readSeal, type SegmentScan, scanSegment, segmentBases, segmentName } from './segment.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from './snapshot-files.ts';
import { writeAll } from './write.ts';

export interface TornTail {
  readonly file: string;
  readonly byte: number;
  readonly bytes: number;
  readonly savedAs: string;
}

export interface Recovered {
  readonly start: LogStart;
  readonly torn: TornTail | null;
}

/** Throws a JournalError of kind `corrupt` and changes nothing when acknowledged data is damaged. */
export async function recoverLog(fs: Fs, directory: string, name: string, witness: number): Promise<Recovered> {
  await fs.makeDirectory(directory);
  await fs.syncDirectory(dirname(directory));
  const found = await examineLog(fs, directory, name, witness);
  if (found === null) return { start: { directory, nextOffset: 0, sizeBytes: 0, segment: null }, torn: null };
  const { base, path, bytes, scan } = found;
  const torn = await settleTail(fs, name, directory, path, bytes, scan);
  const sizeBytes = found.sizeBytes - (bytes.length - scan.validBytes);
  if (scan.salt === null) {
    // Not even its first frame was ever synced: a crash came while the segment was being made.
    await fs.unlink(path);
    await fs.syncDirectory(directory);
    return { start: { directory, nextOffset: base, sizeBytes, segment: null }, torn };
  }
  const segment = scan.sealed ? null : { base, salt: scan.salt, bytes: bytes.subarray(0, scan.validBytes) };
  return { start: { directory, nextOffset: scan.nextOffset, sizeBytes, segment }, torn };
}

/**
 * Makes a log durable and returns the offset after its last whole frame, for a reader that holds the directory's lock. 0
 * for a log without segments. Throws a JournalError of kind `corrupt` as recoverLog does.
 */
export async function endOfLog(fs: Fs, directory: string, name: string): Promise<number> {
  const found = await examineLog(fs, directory, name, 0);
  if (found === null) return 0;
  await syncKept(fs, directory, found.path, found.bytes, { ...found.scan, tail: 'none' });
  return found.scan.nextOffset;
}

interface Examined {
  readonly base: number;
  readonly path: string;
  readonly bytes: Buffer;
  readonly scan: SegmentScan;
  /** Of all segments. */
  readonly sizeBytes: number;
}

/** Null when there are no segments. */
async function examineLog(fs: Fs, directory: string, name: string, witness: number): Promise<Examined | null> {
  const names = await fs.list(directory);
  const bases = segmentBases(names);
  const witnessOffset = Math.max(witness, await headOffset(fs, directory, names), await newestSnapshot(fs, directory));
  const base = bases.at(-1);
  if (base === undefined) {
    if (witnessOffset > 0) throw corrupt(name, directory, 0, 0, witnessOffset);
    return null;
  }
  await checkChain(fs, name, directory, names, bases);
  let sizeBytes = 0;
  for (const other of bases) {
    const isHere = !isAway(names, other);
    sizeBytes += isHere
      ? await fs.size(join(directory, segmentName(other)))
      : (await awayOf(fs, directory, other)).bytes;
  }
  const path = join(directory, segmentName(base));
  const bytes = await fs.read(path);
  const scan = scanSegment(bytes, base, witnessOffset);
  if (scan.tail === 'corrupt') throw corrupt(name, path, scan.validBytes, scan.nextOffset, scan.knownOffset);
  return { base, path, bytes, scan, sizeBytes };
}

/** Each segment but the last must end in the footer that names where the next one begins. */
async function checkChain(
  fs: Fs,
  name: string,
  directory: string,
  names: readonly string[],
  bases: readonly number[],
): Promise<void> {
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1];
    if (next === undefined) return;
    const path = join(directory, segmentName(base));
    const isHere = !isAway(names, base);
    const seal = isHere ? readSeal(await fs.readEnd(path, FOOTER_SEARCH_BYTES)) : await awayOf(fs, directory, base);
    if (seal?.firstOffset === base && seal.nextOffset === next) continue;
    const lostFrom = seal?.firstOffset === base ? seal.nextOffset : base;
    throw corrupt(name, path, isHere ? await fs.size(path) : 0, lostFrom, next);
  }
}

async function settleTail(
  fs: Fs,
  name: string,
  directory: string,
  path: string,
  bytes: Buffer,
  scan: SegmentScan,
): Promise<TornTail | null> {
  const { tail, validBytes } = scan;
  const savedAs = `${path}.${validBytes}.torn`;
  const rest = bytes.subarray(validBytes);
  if (tail === 'torn') await saveCopy(fs, name, savedAs, rest);
  await syncKept(fs, directory, path, bytes, scan);
  return tail === 'torn' ? { file: path, byte: validBytes, bytes: rest.length, savedAs } : null;
}

/**
 * Syncs everything that recovery keeps. A killed process leaves frames that only the system's memory has, and names that
 * no sync has made durable; from now on they count as acknowledged.
 */
async function syncKept(
  fs: Fs,
  directory: string,
  path: string,
  bytes: Buffer,
  { durableBytes, tail, validBytes }: SegmentScan,
): Promise<void> {
  await fs.syncDirectory(directory);
  const file = await fs.openForAppend(path);
  try {
    if (tail !== 'none') await file.truncate(validBytes);
    // Written once more: the kernel calls pages clean whose sync failed in the previous process, and a sync alone would
    // leave them in memory (Rebello et al., ATC'20).
    await writeAll(file, [bytes.subarray(durableBytes, validBytes)], durableBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function saveCopy(fs: Fs, log: string, path: string, bytes: Uint8Array): Promise<void> {
  await fs.unlink(path).catch(() => {});
  const copy = await fs.create(path);
  try {
    await writeAll(copy, [bytes], 0);
    await copy.datasync();
    await fs.syncDirectory(dirname(path));
  } catch (error) {
    await fs.unlink(path).catch(() => {});
    if (!isNoSpace(error)) throw error;
    throw new JournalError(
      { kind: 'no-space', log, file: path },
      `The disk is full: the ${bytes.length} bytes of a torn tail could not be set aside in ${path}, and without a copy ` +
        'they are not cut off. Nothing that was acknowledged is lost. Free some space and start again.',
      error,
    );
  } finally {
    await copy.close();
  }
}

async function headOffset(fs: Fs, directory: string, names: readonly string[]): Promise<number> {
  return names.includes(HEAD_FILE) ? parseHead((await fs.read(join(directory, HEAD_FILE))).toString('utf8')) : 0;
}

async function newestSnapshot(fs: Fs, directory: string): Promise<number> {
  return snapshotOffsets(await fs.list(join(directory, SNAPSHOT_DIRECTORY))).at(-1) ?? 0;
}

function corrupt(log: string, file: string, byte: number, offset: number, toOffset: number): JournalError {
  const events = toOffset > offset ? `events ${offset} to ${toOffset - 1}` : `events from offset ${offset} on`;
  return new JournalError(
    { kind: 'corrupt', log, file, byte, offset, toOffset },
    `The log ${log} is corrupt: in ${file} at byte ${byte}, ${events} are damaged or missing, though they had been ` +
      'acknowledged. Nothing was changed. Restore the file from a backup, or see `millrace journal inspect`.',
  );
}
