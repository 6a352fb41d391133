/**
 * HEAD: a small file that names an offset below which everything is durable. It is the witness for the last group,
 * which no later frame vouches for. It may lag behind the log and never leads it; one that fails its checksum says
 * nothing, so that a damaged witness does not condemn an intact log.
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

/** 0 for what is not a whole HEAD. */
export function parseHead(text: string): number {
  const [digits = '', sum] = text.trimEnd().split(' ');
  const offset = Number(digits);
  return sum === checksum(digits) && Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
}

export interface HeadKeeper {
  /** The log has grown: HEAD follows within HEAD_EVERY_MS. */
  grown(): void;
  /** Cancels what is due and waits for what is being written. */
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
 * Replaces HEAD. Everything below the offset must be durable. A witness that can't be written is no witness, and the
 * log does not need it: nothing is thrown.
 */
export async function writeHead(fs: Fs, directory: string, nextOffset: number): Promise<void> {
  await replaceFile(fs, directory, HEAD_FILE, [Buffer.from(formatHead(nextOffset))]).catch(() => {});
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
