/**
 * Fetches a segment from the place where it is kept, for whoever reads it: whole, checked, beside its log. What was fetched
 * longest ago goes again when fetched segments take too much room. Any process may fetch at any time, without a lock.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AwaySegment, awayPath, fetchedPath, readAway } from './away.ts';
import { JournalError, messageOf } from './error.ts';
import { hashedBytes } from './hashed-bytes.ts';
import { nodeSyncFs } from './sync-fs.ts';

/** What all fetched segments of a journal may take together. One larger segment is kept alone. */
const ROOM_BYTES = 1024 ** 3;
/** A file that was fetched for so long is what a killed process has left. */
const ABANDONED_MS = 3_600_000;
const UNDER_WAY = '.fetching';

/** Downloads by path. Whoever wants a segment that is being fetched waits for it. */
const underWay = new Map<string, Promise<void>>();

/** The path of a file that has the segment's bytes: the segment, or its fetched copy. Throws as `fetchSegment` does. */
export async function presentSegment(path: string): Promise<string> {
  const isHere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isHere) return path;
  await fetchSegment(path);
  return fetchedPath(path);
}

/**
 * Resolves once the segment can be read from `fetchedPath`. Throws a JournalError: of kind `away` when its place can't be had,
 * of kind `corrupt` when the place does not have it as it was written.
 */
export function fetchSegment(path: string): Promise<void> {
  const known = underWay.get(path);
  if (known !== undefined) return known;
  const fetching = fetchOnce(path).finally(() => underWay.delete(path));
  underWay.set(path, fetching);
  return fetching;
}

async function fetchOnce(path: string): Promise<void> {
  const segment = readAway(nodeSyncFs, path);
  if (segment === null) throw damaged(path, 0, 0, `${path} is missing, and so is ${awayPath(path)}`);
  const target = fetchedPath(path);
  if (await isWhole(target, segment)) return;
  // Bytes can change on their way. A second download tells that from damage in the place.
  const found = (await download(path, segment)) ?? (await download(path, segment));
  if (found === null) {
    const { firstOffset, nextOffset, place, stored } = segment;
    const words = `${place}/${stored} is not the segment that was written: its SHA-256 is another one`;
    throw damaged(path, firstOffset, nextOffset, words);
  }
  await rename(found, target);
  await makeRoom(dirname(dirname(path)), target);
}

async function isWhole(target: string, { bytes }: AwaySegment): Promise<boolean> {
  const size = await stat(target).then(
    (found) => found.size,
    () => null,
  );
  return size === bytes;
}

/** The path of the downloaded file; null when its bytes are not those that were written. */
async function download(path: string, segment: AwaySegment): Promise<string | null> {
  const { openPlace } = await import('../places/open-place.ts');
  const { AbsentError } = await import('../places/place.ts');
  const { writeWhole } = await import('../places/folder-place.ts');
  const temporary = `${fetchedPath(path)}.${randomUUID()}${UNDER_WAY}`;
  const hash = createHash('sha256');
  try {
    const content = openPlace(segment.place, process.env, '').read(segment.stored);
    await writeWhole(temporary, hashedBytes(content, hash));
    if (hash.digest('hex') === segment.sha256) return temporary;
    await rm(temporary, { force: true });
    return null;
  } catch (error) {
    await rm(temporary, { force: true });
    const { firstOffset, nextOffset, place, stored } = segment;
    if (error instanceof AbsentError) {
      throw damaged(path, firstOffset, nextOffset, `the segment is kept in ${place}, and there is no ${stored}`);
    }
    throw new JournalError(
      { kind: 'away', file: path },
      `Events ${firstOffset} to ${nextOffset - 1} are kept in ${place}, from where they can't be fetched now: ${messageOf(error)}`,
      error,
    );
  }
}

/** Removes what was fetched longest ago. A reader that has such a file open reads it to its end all the same. */
async function makeRoom(journalDir: string, keep: string): Promise<void> {
  const found: { readonly path: string; readonly bytes: number; readonly atMs: number }[] = [];
  for (const entry of await readdir(journalDir, { recursive: true })) {
    if (!entry.endsWith('.fetched') && !entry.includes(UNDER_WAY)) continue;
    const path = join(journalDir, entry);
    const file = await stat(path).catch(() => null);
    if (file === null) continue;
    if (entry.endsWith('.fetched')) found.push({ path, bytes: file.size, atMs: file.mtimeMs });
    else if (Date.now() - file.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
  found.sort((one, other) => one.atMs - other.atMs);
  let bytes = found.reduce((sum, each) => sum + each.bytes, 0);
  for (const { path, bytes: own } of found) {
    if (bytes <= ROOM_BYTES) return;
    if (path === keep) continue;
    await rm(path, { force: true });
    bytes -= own;
  }
}

function damaged(file: string, offset: number, toOffset: number, what: string): JournalError {
  return new JournalError(
    { kind: 'corrupt', log: '', file, byte: 0, offset, toOffset },
    `Events ${offset} to ${toOffset - 1} can't be read: ${what}. Nothing was changed. Put it back there, or restore it from a backup.`,
  );
}
