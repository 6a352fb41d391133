/**
 * Checksums of the pages of a SQLite file, kept beside it: SQLite has none, and takes a flipped byte in a value for the value.
 * Pages reach the file only when the write-ahead log, whose frames have checksums of SQLite's own, is moved into it. That
 * is done here and nowhere else, so that a page which is not as it was written then is damaged.
 *
 *   magic 8 · CRC of the rest u32 · page bytes u32 · pages u32 · dirty u32 · a CRC a page u32 … · numbers of the dirty pages u32 …
 *
 * A page is dirty while it is being moved: a process that ends in between leaves the one content or the other.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';

export interface PageSums {
  readonly file: string;
  pageBytes: number;
  /** The sum of each page, from page 0 on. */
  sums: Uint32Array;
  dirty: ReadonlySet<number>;
  /** How often the log was moved. A page that was read during a move is read again. */
  moves: number;
}

const MAGIC = Buffer.from('MRPGSUM1');
const HEADER_BYTES = 24;
const CHUNK_PAGES = 256;
const WAL_HEADER_BYTES = 32;
const WAL_FRAME_BYTES = 24;
/** How long the log may be before it is moved. */
const MOVE_AT_BYTES = 16 * 1024 * 1024;
const CHECKPOINT = 'PRAGMA wal_checkpoint(TRUNCATE)';

function sumsFile(file: string): string {
  return `${file}-sums`;
}

/** The sums of a file that was just made and whose log is empty. */
export function newPageSums(db: Database.Database, file: string): PageSums {
  db.prepare(CHECKPOINT).all();
  const bytes = readFileSync(file);
  const pageBytes = pageBytesOf(bytes);
  const sums = new Uint32Array(bytes.length / pageBytes);
  const state: PageSums = { file, pageBytes, sums, dirty: new Set(), moves: 0 };
  for (let page = 0; page < sums.length; page++)
    sums[page] = crc32(bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
  save(state);
  return state;
}

/**
 * The sums of a known file; null when there are none, when they are damaged themselves, or when the file is plainly
 * another one.
 */
export function knownPageSums(file: string): PageSums | null {
  // A deleted store is made anew, whatever was left beside it.
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
  let bytes: Buffer;
  try {
    bytes = readFileSync(sumsFile(file));
  } catch {
    return null;
  }
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  if (bytes.readUInt32LE(8) !== crc32(bytes.subarray(12))) return null;
  const numbers = new Uint32Array(bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length));
  const pages = bytes.readUInt32LE(16);
  const state: PageSums = {
    file,
    pageBytes: bytes.readUInt32LE(12),
    sums: numbers.slice(0, pages),
    dirty: new Set(numbers.subarray(pages)),
    moves: 0,
  };
  return problemOf(state, [0]) === null ? state : null;
}

/** Moves the log into the file once it is long, or at once. Returns what is damaged, for people; null when nothing is. */
export function moveLog(db: Database.Database, state: PageSums, atOnce: boolean): string | null {
  const { file } = state;
  const logBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (logBytes === 0 || (!atOnce && logBytes < MOVE_AT_BYTES)) return null;
  const pages = pagesInLog(`${file}-wal`);
  // A damaged page must not get a new sum: what was changed in it was read from damage.
  const problem = problemOf(state, pages);
  if (problem !== null) return problem;
  state.dirty = new Set([...state.dirty, ...pages]);
  save(state);
  db.exec('PRAGMA busy_timeout = 0');
  const [moved] = db.prepare(CHECKPOINT).all() as { readonly busy: number }[];
  db.exec('PRAGMA busy_timeout = 5000');
  state.moves += 1;
  // A query that reads an older moment keeps a part of it in the log. The next call moves the rest.
  if (moved?.busy !== 0) return null;
  resum(state);
  save(state);
  return null;
}

/** Reads the whole file. Resolves with what is damaged, or null. */
export async function verifyPages(state: PageSums, signal: AbortSignal): Promise<string | null> {
  const handle = await open(state.file, 'r');
  try {
    for (let page = 0; page < state.sums.length; ) {
      signal.throwIfAborted();
      const { moves } = state;
      const chunk = Buffer.alloc(Math.min(CHUNK_PAGES, state.sums.length - page) * state.pageBytes);
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, page * state.pageBytes);
      if (state.moves !== moves) continue;
      for (let at = 0; at < chunk.length; at += state.pageBytes, page++) {
        if (state.dirty.has(page)) continue;
        if (at + state.pageBytes > bytesRead) return `${state.file} ends within its page ${page + 1}`;
        if (crc32(chunk.subarray(at, at + state.pageBytes)) !== state.sums[page]) return damagedPage(state, page);
      }
    }
    return null;
  } finally {
    await handle.close();
  }
}

function problemOf(state: PageSums, pages: Iterable<number>): string | null {
  const fd = openSync(state.file, 'r');
  try {
    if (state.dirty.size === 0 && fstatSync(fd).size !== state.sums.length * state.pageBytes) {
      return `${state.file} has not as many pages as were written`;
    }
    const bytes = Buffer.alloc(state.pageBytes);
    for (const page of pages) {
      if (page >= state.sums.length || state.dirty.has(page)) continue;
      const got = readSync(fd, bytes, 0, bytes.length, page * state.pageBytes);
      if (got < bytes.length || crc32(bytes) !== state.sums[page]) return damagedPage(state, page);
    }
    return null;
  } finally {
    closeSync(fd);
  }
}

function damagedPage({ file }: PageSums, page: number): string {
  return `page ${page + 1} of ${file} is not what was written`;
}

/** Takes the sums of the dirty pages, and of those that are new. */
function resum(state: PageSums): void {
  const fd = openSync(state.file, 'r');
  try {
    const pages = fstatSync(fd).size / state.pageBytes;
    const sums = new Uint32Array(pages);
    sums.set(state.sums.subarray(0, pages));
    const changed = new Set(state.dirty);
    for (let page = state.sums.length; page < pages; page++) changed.add(page);
    const bytes = Buffer.alloc(state.pageBytes);
    for (const page of changed) {
      if (page >= pages) continue;
      readSync(fd, bytes, 0, bytes.length, page * state.pageBytes);
      sums[page] = crc32(bytes);
    }
    state.sums = sums;
    state.dirty = new Set();
  } finally {
    closeSync(fd);
  }
}

/**
 * Numbers of the pages in the log, from 0. Pages that were not committed may be among them.
 * https://sqlite.org/fileformat2.html#walformat
 */
function pagesInLog(log: string): Set<number> {
  const bytes = readFileSync(log);
  const pages = new Set<number>();
  if (bytes.length < WAL_HEADER_BYTES) return pages;
  const pageBytes = bytes.readUInt32BE(8);
  for (let at = WAL_HEADER_BYTES; at + WAL_FRAME_BYTES <= bytes.length; at += WAL_FRAME_BYTES + pageBytes) {
    pages.add(bytes.readUInt32BE(at) - 1);
  }
  return pages;
}

function pageBytesOf(bytes: Buffer): number {
  const stored = bytes.readUInt16BE(16);
  return stored === 1 ? 65_536 : stored;
}

function save({ file, pageBytes, sums, dirty }: PageSums): void {
  const bytes = Buffer.alloc(HEADER_BYTES + 4 * (sums.length + dirty.size));
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(pageBytes, 12);
  bytes.writeUInt32LE(sums.length, 16);
  bytes.writeUInt32LE(dirty.size, 20);
  let at = HEADER_BYTES;
  for (const sum of sums) at = bytes.writeUInt32LE(sum, at);
  for (const page of dirty) at = bytes.writeUInt32LE(page, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
  const next = `${sumsFile(file)}.new`;
  try {
    writeFileSync(next, bytes);
    renameSync(next, sumsFile(file));
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}
