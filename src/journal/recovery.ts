/** Opening a log: what its last segment holds is checked, a torn tail is set aside and cut off, rot is refused. */
import { join } from 'node:path';
import { JournalError } from './error.ts';
import type { Fs } from './fs.ts';
import { HEAD_FILE, type LogStart } from './log.ts';
import { scanSegment, segmentBases, segmentName } from './segment.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from './snapshot-files.ts';

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
  const names = await fs.list(directory);
  const bases = segmentBases(names);
  const witnessOffset = Math.max(witness, await headOffset(fs, directory, names), await newestSnapshot(fs, directory));
  const base = bases.at(-1);
  if (base === undefined) {
    if (witnessOffset > 0) throw corrupt(name, directory, 0, witnessOffset, 'its segments are gone');
    return { start: { directory, nextOffset: 0, sizeBytes: 0, segment: null }, torn: null };
  }
  let sizeBytes = 0;
  for (const other of bases) sizeBytes += await fs.size(join(directory, segmentName(other)));
  const path = join(directory, segmentName(base));
  const bytes = await fs.read(path);
  const scan = scanSegment(bytes, base, witnessOffset);
  if (scan.tail === 'corrupt') {
    throw corrupt(
      name,
      path,
      scan.validBytes,
      scan.nextOffset,
      `events from offset ${scan.nextOffset} on are damaged or missing`,
    );
  }
  const torn = await cutTail(fs, directory, path, bytes, scan.validBytes, scan.tail);
  sizeBytes -= bytes.length - scan.validBytes;
  if (scan.salt === null) {
    // Not even its first frame was ever synced: a crash came while the segment was being made.
    await fs.unlink(path);
    await fs.syncDirectory(directory);
    return { start: { directory, nextOffset: base, sizeBytes, segment: null }, torn };
  }
  const segment = scan.sealed ? null : { base, salt: scan.salt, bytes: bytes.subarray(0, scan.validBytes) };
  return { start: { directory, nextOffset: scan.nextOffset, sizeBytes, segment }, torn };
}

async function cutTail(
  fs: Fs,
  directory: string,
  path: string,
  bytes: Buffer,
  validBytes: number,
  tail: 'none' | 'clean' | 'torn',
): Promise<TornTail | null> {
  if (tail === 'none') return null;
  const rest = bytes.subarray(validBytes);
  const savedAs = `${path}.${validBytes}.torn`;
  if (tail === 'torn') {
    await fs.unlink(savedAs).catch(() => {});
    const copy = await fs.create(savedAs);
    let written = 0;
    while (written < rest.length) written += await copy.write([rest.subarray(written)], written);
    await copy.datasync();
    await copy.close();
  }
  const file = await fs.openForAppend(path);
  await file.truncate(validBytes);
  await file.datasync();
  await file.close();
  await fs.syncDirectory(directory);
  return tail === 'torn' ? { file: path, byte: validBytes, bytes: rest.length, savedAs } : null;
}

async function headOffset(fs: Fs, directory: string, names: readonly string[]): Promise<number> {
  if (!names.includes(HEAD_FILE)) return 0;
  const offset = Number((await fs.read(join(directory, HEAD_FILE))).toString('utf8'));
  return Number.isSafeInteger(offset) ? offset : 0;
}

async function newestSnapshot(fs: Fs, directory: string): Promise<number> {
  return snapshotOffsets(await fs.list(join(directory, SNAPSHOT_DIRECTORY))).at(-1) ?? 0;
}

function corrupt(log: string, file: string, byte: number, offset: number, what: string): JournalError {
  return new JournalError(
    { kind: 'corrupt', log, file, byte, offset },
    `The log ${log} is corrupt: in ${file} at byte ${byte}, ${what}, and they had been acknowledged. ` +
      'Nothing was changed. Restore the file from a backup, or see `millrace journal inspect`.',
  );
}
