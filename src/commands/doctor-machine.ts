/** What `doctor` asks of the machine: limits of this process, its memory, and the clock against the journal. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { newestCommitMs } from '../data-directory/newest-commit.ts';

/** A partition needs about six descriptors, a connection one; the port takes 512 connections. */
const MIN_OPEN_FILES = 1_024;
const MIN_MEMORY_BYTES = 1024 ** 3;
/** A clock that steps back by less is one that is being kept right. */
const CLOCK_STEP_MS = 5_000;

/** Open files and memory. Throws with what to do. */
export function limits(): string {
  const files = openFilesMax();
  const memory = memoryBytes();
  const told = `${files.toLocaleString('en')} open files, ${(memory / 1024 ** 3).toFixed(1)} GiB of memory`;
  if (files < MIN_OPEN_FILES) {
    throw new Error(
      `${told}: too few open files for many connections; raise them with \`ulimit -n 65536\`, or LimitNOFILE=65536 in a unit`,
    );
  }
  if (memory < MIN_MEMORY_BYTES) {
    throw new Error(
      `${told}: a service with both stores takes about 600 MiB; give the machine or the container 1 GiB at least`,
    );
  }
  return told;
}

/** Infinity where the system does not tell. */
function openFilesMax(): number {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(textOf('/proc/self/limits')) ?? [];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Of the container where there is a bound, else of the machine. */
function memoryBytes(): number {
  const bound = Number(textOf('/sys/fs/cgroup/memory.max').trim() || Number.NaN);
  return Math.min(totalmem(), Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether the clock is behind what the journal was last written at. Throws with what to do. */
export async function clock(dataDir: string, nowMs: number): Promise<string> {
  const newestMs = await newestCommitMs(dataDir);
  const now = new Date(nowMs).toISOString();
  if (newestMs > nowMs + CLOCK_STEP_MS) {
    throw new Error(
      `it shows ${now}, and the journal was written at ${new Date(newestMs).toISOString()}: it ran ahead then, or is behind ` +
        'now. Schedules follow it; set it by NTP (`timedatectl set-ntp true`)',
    );
  }
  return newestMs === 0 ? now : `${now}, after the newest commit`;
}
