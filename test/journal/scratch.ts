/** A directory for one test, and what tests do with the files of a log as the disk would: copy, cut, flip. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { readFrames } from '../../src/journal/frame-reader.ts';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import type { Log } from '../../src/journal/log.ts';
import type { Timer } from '../../src/journal/timer.ts';

export const LOG = 'payments.transactions-0';
export const KIND = 1;

export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function open(dir: string, options: Partial<JournalOptions> = {}): Promise<Journal> {
  return openJournal(dir, { durability: 'fsync', segmentBytes: 1024 * 1024, ...options });
}

/** Opens the log of a directory, hands it over, and closes the journal whatever happens. */
export async function withLog<T>(
  dir: string,
  use: (log: Log, journal: Journal) => T | Promise<T>,
  options: Partial<JournalOptions> = {},
): Promise<T> {
  const journal = await open(dir, options);
  try {
    return await use(await journal.openLog(LOG), journal);
  } finally {
    await journal.close();
  }
}

export function text(value: string): Uint8Array {
  return Buffer.from(value);
}

/** A directory as a killed process leaves it: what was written so far, with nothing closed. */
export function crashed(dir: string): string {
  const copy = join(scratchDirectory(), 'crashed');
  cpSync(dir, copy, { recursive: true });
  return copy;
}

/** Paths of a log's segments in order. */
export function segments(dir: string): string[] {
  return readdirSync(join(dir, LOG))
    .filter((name) => /^\d{20}\.log$/.test(name))
    .sort()
    .map((name) => join(dir, LOG, name));
}

export function lastSegment(dir: string): string {
  const path = segments(dir).at(-1);
  if (path === undefined) throw new Error(`No segment in ${dir}`);
  return path;
}

export function damage(path: string, change: (bytes: Buffer) => Uint8Array): void {
  writeFileSync(path, change(readFileSync(path)));
}

export function flipped(bytes: Buffer, byte: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(byte) ^ (1 << bit), byte);
  return copy;
}

/** Bodies of a range as text. */
export function bodies(dir: string, fromOffset: number, toOffset: number): string[] {
  return [...readFrames(dir, LOG, { fromOffset, toOffset })].map(({ body }) => Buffer.from(body).toString());
}

/** A clock whose time comes when the test says so: `fire` makes everything happen that is due at whatever time. */
export function manualTimer(): { readonly timer: Timer; fire(): void } {
  let due: (() => void)[] = [];
  return {
    timer: {
      after(_, callback) {
        due.push(callback);
        return () => {
          due = due.filter((other) => other !== callback);
        };
      },
    },
    fire() {
      const now = due;
      due = [];
      for (const callback of now) callback();
    },
  };
}
