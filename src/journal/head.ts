/**
 * HEAD: a small file that names an offset below which everything is durable. It is the witness for the last group, which
 * no later frame vouches for. HEAD may lag behind the log and never leads it. A HEAD that fails its checksum says nothing,
 * so a damaged witness does not condemn an intact log.
 */
import { crc32 } from 'node:zlib';
import type { Fs } from './fs.ts';
import { replaceFile } from './replace-file.ts';
import type { Timer } from './timer.ts';

export const HEAD_FILE = 'HEAD';
/** How far HEAD may lag behind a log that grows. */
const HEAD_EVERY_MS = 5_000;

export function formatHead(nextOffset: number): string {
  return `${nextOffset} ${checksum(String(nextOffset))}\n`;
}

/** The offset that HEAD names; 0 when it is not whole. */
export function parseHead(text: string): number {
  const [digits = '', sum] = text.trimEnd().split(' ');
  const offset = Number(digits);
  return sum === checksum(digits) && Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
}

export interface HeadKeeper {
  /** Says that the log has grown; HEAD follows within HEAD_EVERY_MS. */
  grown(): void;
  /** Cancels a due write and waits for one under way. */
  stop(): Promise<void>;
}

/** `durableOffset` is null while there is nothing to vouch for. */
export function keepHead(fs: Fs, timer: Timer, directory: string, durableOffset: () => number | null): HeadKeeper {
  let cancel: (() => void) | null = null;
  let writing = Promise.resolve();
  return {
    grown() {
      cancel ??= timer.after(HEAD_EVERY_MS, () => {
        cancel = null;
        const offset = durableOffset();
        if (offset !== null) writing = writeHead(fs, directory, offset);
      });
    },
    stop() {
      cancel?.();
      return writing;
    },
  };
}

/**
 * Replaces HEAD. Everything below the offset must be durable. Throws nothing: a log does not need its witness.
 */
export async function writeHead(fs: Fs, directory: string, nextOffset: number): Promise<void> {
  await replaceFile(fs, directory, HEAD_FILE, [Buffer.from(formatHead(nextOffset))]).catch(() => {});
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
