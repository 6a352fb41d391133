/**
 * Copies a data directory as of one moment into a backup. Sealed segments never change, so one that an earlier backup in
 * the same place has is not copied again.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { presentSegment } from '../journal/fetch-segment.ts';
import { hashedBytes, sha256OfContent } from '../journal/hashed-bytes.ts';
import { sealedBytes } from '../journal/sealed-bytes.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { OvertakenError, type Place } from '../places/place.ts';
import { eachOf } from './each-of.ts';
import { type BackedUpLog, type BackupFile, printManifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';
import { type SourceFile, sha256Of, sourceFiles, storedName } from './source-files.ts';

export interface BackedUp {
  readonly logs: readonly BackedUpLog[];
  readonly files: number;
  readonly bytes: number;
  /** Of them, what was not in the place before. */
  readonly copiedFiles: number;
  readonly copiedBytes: number;
}

export interface BackupOptions {
  readonly dataDir: string;
  /** Next offset by log, all of one moment, and everything below durable. */
  readonly ends: ReadonlyMap<string, number>;
  readonly nowMs: number;
  onBytes(bytes: number): void;
}

const READ_BYTES = 1024 * 1024;
/** Files under way at once. */
const FILES_AT_ONCE = 4;

/** Throws when a file is not what was written, or the place can't take it: an earlier backup there stands as it was. */
export async function backUp(place: Place, options: BackupOptions): Promise<BackedUp> {
  const { dataDir, ends, nowMs, onBytes } = options;
  const before = await readManifest(place);
  const listed = await place.list();
  if (before === null && listed.length > 0 && !listed.every(isStored)) {
    throw new Error(`${place.name} has files and is no backup: name an empty place, or one of an earlier backup`);
  }
  const kept = new Map(before?.manifest.files.map((file) => [file.stored, file]));
  const { logs, files } = sourceFiles(dataDir, ends, nodeSyncFs);
  let copiedFiles = 0;
  let copiedBytes = 0;
  const copied = await eachOf(files, FILES_AT_ONCE, async (file): Promise<BackupFile> => {
    const { path, bytes, sealed } = file;
    const contentHash = sealed === null ? await hashOf(dataDir, file) : null;
    const stored = storedName(path, contentHash ?? sealed?.sha256 ?? '');
    const known = kept.get(stored);
    if (known !== undefined && known.bytes === bytes) return known;
    const hash = createHash('sha256');
    await place.write(stored, checked(dataDir, file, hash, onBytes), bytes);
    copiedFiles += 1;
    copiedBytes += bytes;
    return { path, stored, bytes, sha256: hash.digest('hex') };
  });
  const manifest = { takenAt: new Date(nowMs).toISOString(), logs, files: copied };
  await place.writeManifest(printManifest(manifest), before?.version ?? null).catch((error: unknown) => {
    if (!(error instanceof OvertakenError)) throw error;
    throw new Error(`Another backup was written to ${place.name} meanwhile. That one stands; run this one again.`);
  });
  const wanted = new Set(copied.map(({ stored }) => stored));
  for (const stored of listed) if (!wanted.has(stored)) await place.remove(stored);
  return {
    logs,
    files: copied.length,
    bytes: copied.reduce((sum, { bytes }) => sum + bytes, 0),
    copiedFiles,
    copiedBytes,
  };
}

/** What a backup that was cut off may have left. */
function isStored(name: string): boolean {
  return /^(?:journal|schemas|models|job-tables)\/|^[\w-]+\.json\.[0-9a-f]{16}$|\.part$/.test(name);
}

async function hashOf(dataDir: string, file: SourceFile): Promise<string> {
  return file.content === null ? sha256OfContent(contentOf(dataDir, file)) : sha256Of(file.content);
}

async function* contentOf(dataDir: string, { path, bytes, content }: SourceFile): AsyncGenerator<Uint8Array> {
  if (content !== null) yield content;
  else if (bytes > 0) yield* createReadStream(join(dataDir, path), { end: bytes - 1, highWaterMark: READ_BYTES });
}

/** The bytes of a file, while they are added to `hash` and compared with what a segment's footer says of them. */
async function* checked(
  dataDir: string,
  file: SourceFile,
  hash: Hash,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const { sealed, path, bytes } = file;
  let at = 0;
  // A segment that is kept elsewhere is fetched: a backup has all of the journal.
  const sealedPath = sealed === null ? null : await presentSegment(join(dataDir, path));
  const content =
    sealed === null || sealedPath === null
      ? hashedBytes(contentOf(dataDir, file), hash)
      : sealedBytes(sealedPath, sealed, hash);
  for await (const chunk of content) {
    at += chunk.length;
    onBytes(chunk.length);
    yield chunk;
  }
  if (at !== bytes) throw new Error(`${join(dataDir, path)} has ${at} bytes now and had ${bytes}`);
}
