/**
 * The platform that the service runs on: time, chance, disk, network, threads. A simulation is another one; nothing in
 * src/service/ or below reaches around it.
 */
import { statfsSync } from 'node:fs';
import { appendFile, mkdir, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../actors/supervised.ts';
import { nodeTimer, type StartTimer } from '../deadline.ts';
import { hasCode } from '../error-code.ts';
import { createMetrics, type Metrics } from '../http/metrics.ts';
import { type ArrivedFile, namePattern } from '../jobs/triggers.ts';
import { type Fs, nodeFs } from '../journal/fs.ts';
import { nodeSyncFs, type SyncFs } from '../journal/sync-fs.ts';
import { systemTimer, type Timer } from '../journal/timer.ts';
import { fileOf, type StoreDriver } from '../projections/driver.ts';
import { knownOwner } from '../projections/owner.ts';
import { sqliteDriver } from '../projections/sqlite-driver.ts';
import { readSqliteOffsets } from '../projections/sqlite-offsets.ts';
import type { StepProcesses } from '../steps/step-process.ts';
import { TABLE_GAUGES } from '../tables.ts';
import { type Stores, startStores } from '../workers/all-stores.ts';
import { type BodyPool, startBodyPool } from '../workers/body-pool.ts';
import { type PartitionThreads, startPartitionThreads } from '../workers/partition-threads.ts';
import { runCommand, runModule, runOwn } from '../workers/step-process.ts';
import { type RowPlacer, startRowPlacer } from '../workers/watched-placing.ts';
import { type LoopDelay, monitorLoopDelay } from './loop-delay.ts';

export interface Platform {
  nowMs(): number;
  /**
   * A clock that never goes back, in milliseconds with fractions. Without it, nobody measures how long operators are at
   * work.
   */
  readonly elapsedMs?: () => number;
  /** From 0 to 1. */
  random(): number;
  /** Timers of the actors; xstate's own where it is absent. */
  readonly clock?: Clock;
  /** Runs a callback in a turn of the event loop of its own. */
  later(callback: () => void): void;
  /** Calls back again and again until the returned function is called. */
  every(periodMs: number, callback: () => void): () => void;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  readonly disk: Disk;
  /** Bytes of the file system that a directory lies on; null where nobody knows. */
  diskSpace(directory: string): { readonly freeBytes: number; readonly sizeBytes: number } | null;
  readonly http: Http;
  startStores(drivers: readonly StoreDriver[]): Stores;
  /** Appends to a file for people, making the directories above it. Without it there are no such files. */
  readonly appendLog?: (file: string, text: string) => Promise<void>;
  /** Removes all but a directory's newest entries. */
  readonly keepNewest?: (directory: string, count: number) => Promise<void>;
  /** Finds files by a path whose last part may have * and ?. Without it, no file starts a run. */
  readonly filesLike?: (path: string) => Promise<ArrivedFile[]>;
  /** The processes of jobs' steps. */
  readonly processes: StepProcesses;
  /** Threads that request bodies are parsed in; they start when they are first used. */
  startBodies(): BodyPool;
  /** Threads that partitions are spread over; they start when they are first used. */
  startPartitionThreads(count: number, stuckAfterMs: number): PartitionThreads;
  /**
   * Starts a thread in which keys of exchanges are computed where they call functions of users. Without it, these calls are
   * not watched.
   */
  readonly startRowPlacer?: (stuckAfterMs: number) => RowPlacer;
  /**
   * By log, the offset behind the last event that the read models of a data directory have seen. Absent: nobody knows any.
   */
  readonly projectedOffsets?: (dataDir: string) => ReadonlyMap<string, number>;
  createMetrics(version: string): Metrics;
  monitorLoopDelay(): LoopDelay;
}

export interface Disk {
  readonly fs: Fs;
  readonly syncFs: SyncFs;
  readonly timer: Timer;
  /** A number from 0 to 2^32 − 1 for each segment of a log; the journal draws it where it is absent. */
  readonly salt?: () => number;
  /** Locks a data directory for this process; the journal's own lock where absent. */
  readonly lock?: (directory: string) => () => void;
}

export interface Http {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
}

/**
 * Runs one callback in each turn, in order. A callback may be a whole batch's work; timers, sockets and the disk get their
 * turn between two callbacks.
 */
function createTurns(): (callback: () => void) => void {
  const waiting: (() => void)[] = [];
  const turn = (): void => {
    const callback = waiting.shift();
    if (waiting.length > 0) setImmediate(turn);
    callback?.();
  };
  return (callback) => {
    if (waiting.push(callback) === 1) setImmediate(turn);
  };
}

export const nodePlatform: Platform = {
  nowMs: Date.now,
  elapsedMs: () => performance.now(),
  random: Math.random,
  later: createTurns(),
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    return () => clearInterval(timer);
  },
  sleep(ms, signal) {
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
  disk: { fs: nodeFs, syncFs: nodeSyncFs, timer: systemTimer },
  diskSpace,
  http: { fetch, startTimer: nodeTimer },
  async appendLog(file, text) {
    try {
      await appendFile(file, text);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, text);
    }
  },
  async keepNewest(directory, count) {
    const names = await readdir(directory);
    if (names.length <= count) return;
    const dated = await Promise.all(
      names.map(async (name) => ({ path: join(directory, name), at: (await stat(join(directory, name))).mtimeMs })),
    );
    dated.sort((a, b) => b.at - a.at);
    for (const { path } of dated.slice(count)) await removeDirectory(path);
  },
  startStores,
  filesLike,
  processes: { runModule, runCommand, runOwn },
  startBodies: startBodyPool,
  startPartitionThreads,
  startRowPlacer,
  projectedOffsets: (dataDir) => readSqliteOffsets(fileOf(sqliteDriver, dataDir), knownOwner(dataDir)),
  createMetrics: (version) => createMetrics({ version, declared: TABLE_GAUGES }),
  monitorLoopDelay,
};

/** A directory of files alone takes fewer calls than `rm` makes to find out what is in it. */
async function removeDirectory(path: string): Promise<void> {
  try {
    for (const name of await readdir(path)) await unlink(join(path, name));
    await rmdir(path);
  } catch {
    await rm(path, { recursive: true, force: true });
  }
}

async function filesLike(path: string): Promise<ArrivedFile[]> {
  const like = namePattern(basename(path));
  const names = (await readdir(dirname(path))).filter((name) => like.test(name)).toSorted();
  const found = names.map(async (name): Promise<ArrivedFile[]> => {
    const file = join(dirname(path), name);
    // The entry may have gone since.
    const about = await stat(file).catch(() => null);
    return about?.isFile() === true ? [{ path: file, bytes: about.size, modifiedMs: about.mtimeMs }] : [];
  });
  return (await Promise.all(found)).flat();
}

function diskSpace(directory: string): { readonly freeBytes: number; readonly sizeBytes: number } | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    // EMFILE, or a disk that is gone. A missing figure is no reason to end; other metrics show the fault.
    return null;
  }
}

/** Resolves in a later turn of the event loop. */
export function nextTurn(platform: Platform): Promise<void> {
  return new Promise((resolve) => platform.later(resolve));
}

/** Drops a callback while one waits already, since all callbacks do the same. */
export function oneAtATime(later: Platform['later']): Platform['later'] {
  let isWaiting = false;
  return (callback) => {
    if (isWaiting) return;
    isWaiting = true;
    later(() => {
      isWaiting = false;
      callback();
    });
  };
}
