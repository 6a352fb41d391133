/**
 * What a process does with its journal, step by step, on whatever disk: and the ledger of what it was promised, which
 * outlives the process and says what must be there after it.
 */
import { createHash } from 'node:crypto';
import { readFrames } from '../../src/journal/frame-reader.ts';
import type { Fs } from '../../src/journal/fs.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import type { Durability, Log } from '../../src/journal/log.ts';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import { KIND, LOG, manualTimer } from './scratch.ts';

export const DIR = '/data/journal';

export type Step =
  /** Appends of so many bytes each, all in one turn: groups of whatever the log makes of them. */
  | { readonly kind: 'append'; readonly sizes: readonly number[] }
  /** Of everything that was acknowledged; after Log.sync, unless it is `hasty`, which is a bug of whoever takes it. */
  | { readonly kind: 'snapshot'; readonly hasty?: boolean }
  /** Timers come due: HEAD is written. */
  | { readonly kind: 'time' }
  | { readonly kind: 'reopen' };

/** A disk by both of its ports. */
export interface Disk {
  readonly fs: Fs;
  readonly syncFs: SyncFs;
}

export interface Ledger {
  /** Records by offset that were acknowledged, or that a start found: nothing may take them back. Only grows. */
  readonly promised: string[];
  /** How many of them are on the disk under `os`, which promises no more than that against a power cut. */
  synced: number;
  /** Every record that was ever appended at an offset. */
  readonly attempted: Map<number, Set<string>>;
  /** Processes so far: a record names its own. */
  lives: number;
}

export function newLedger(): Ledger {
  return { promised: [], synced: 0, attempted: new Map(), lives: 0 };
}

export interface ProcessOptions {
  readonly segmentBytes: number;
  readonly durability?: Durability;
}

/** Times that a stalled log is let try again before the process gives up and closes. */
const PATIENCE = 3;

/** Runs the steps until they end or something refuses to go on. Returns the error that ended it, if any. */
export async function runProcess(
  disk: Disk,
  steps: readonly Step[],
  ledger: Ledger,
  { segmentBytes, durability = 'fsync' }: ProcessOptions,
): Promise<unknown> {
  const { timer, fire } = manualTimer();
  ledger.lives += 1;
  let salt = ledger.lives * 1000;
  const open = async (): Promise<[Journal, Log]> => {
    const journal = await openJournal(DIR, {
      fs: disk.fs,
      timer,
      durability,
      segmentBytes,
      salt: () => salt++,
      lock: () => () => {},
    });
    try {
      const log = await journal.openLog(LOG);
      const found = recordsOf(disk.syncFs, log.durableOffset());
      ledger.promised.push(...found.slice(ledger.promised.length));
      ledger.synced = found.length;
      return [journal, log];
    } catch (error) {
      await journal.close();
      throw error;
    }
  };
  let journal: Journal | null = null;
  try {
    let log: Log;
    [journal, log] = await open();
    for (const step of steps) {
      if (step.kind === 'append') {
        if (!(await settled(appendAll(log, step.sizes, ledger), fire))) break;
      } else if (step.kind === 'snapshot') {
        const offset = log.durableOffset();
        if (step.hasty !== true) {
          await log.sync();
          ledger.synced = offset;
        }
        await snapshotStore(DIR, { fs: disk.fs }).save(LOG, offset, stateAt(ledger.promised, offset));
      } else if (step.kind === 'time') {
        fire();
        await turn();
      } else {
        await journal.close();
        [journal, log] = await open();
      }
    }
    return null;
  } catch (error) {
    return error;
  } finally {
    await journal?.close().catch(() => {});
  }
}

async function appendAll(log: Log, sizes: readonly number[], ledger: Ledger): Promise<void> {
  const appends = sizes.map((size) => {
    const offset = log.nextOffset();
    const record = `${ledger.lives}:${offset}:`.padEnd(size, String(offset % 10));
    const attempted = ledger.attempted.get(offset) ?? new Set();
    ledger.attempted.set(offset, attempted.add(record));
    return log.append(KIND, 1, [Buffer.from(record)]).then((at) => {
      if (at !== ledger.promised.length)
        throw new Error(`Offset ${at} was acknowledged after ${ledger.promised.length}`);
      ledger.promised.push(record);
    });
  });
  for (const outcome of await Promise.allSettled(appends)) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Lets timers come due until the work is done; false when it is still not after a few. */
async function settled(work: Promise<void>, fire: () => void): Promise<boolean> {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  work.then(mark, mark);
  for (let waited = 0; waited <= PATIENCE; waited++) {
    await turn();
    if (done) {
      await work;
      return true;
    }
    fire();
  }
  return false;
}

/** In a later turn: a disk in memory has done everything by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function recordsOf(syncFs: SyncFs, toOffset: number): string[] {
  const range = { fromOffset: 0, toOffset };
  return [...readFrames(DIR, LOG, range, syncFs)].map(({ body }) => Buffer.from(body).toString());
}

/** The state that a snapshot holds: a hash of what it was made from. */
function stateAt(promised: readonly string[], offset: number): Uint8Array {
  return createHash('sha256').update(promised.slice(0, offset).join('\n')).digest();
}

/**
 * Starts on what a crash left, and says what is wrong with it; null when everything promised is there, nothing else is
 * that was never appended, and both hold again after one more append and a power cut that keeps nothing unsynced.
 */
export async function faultOf(
  disk: Disk,
  cutPower: () => Disk,
  ledger: Ledger,
  promisedCount: number,
  options: ProcessOptions,
): Promise<string | null> {
  const promised = ledger.promised.slice(0, promisedCount);
  const life: Ledger = { ...newLedger(), lives: ledger.lives };
  const failure = await runProcess(disk, [{ kind: 'append', sizes: [30] }], life, options);
  if (failure !== null) return `it did not start: ${String(failure)}`;
  const [fresh = ''] = life.promised.slice(-1);
  const found = life.promised.slice(0, -1);
  const wrong = wrongWith(found, promised, ledger);
  if (wrong !== null) return wrong;
  const snapshot = await snapshotStore(DIR, { fs: disk.fs }).latest(LOG);
  if (snapshot !== null) {
    if (snapshot.offset > found.length) return `a snapshot at ${snapshot.offset} is ahead of ${found.length} records`;
    if (!Buffer.from(snapshot.body).equals(stateAt(found, snapshot.offset))) return 'a snapshot is not of this log';
  }
  const again: Ledger = { ...newLedger(), lives: life.lives };
  const second = await runProcess(cutPower(), [], again, options);
  if (second !== null) return `it did not start again: ${String(second)}`;
  const expected = [...found, fresh];
  if (again.promised.join('\n') === expected.join('\n')) return null;
  return `after a start ${expected.length} records were there, and after another ${again.promised.length}`;
}

function wrongWith(found: readonly string[], promised: readonly string[], ledger: Ledger): string | null {
  if (found.length < promised.length) return `${promised.length} records were acknowledged, ${found.length} are left`;
  for (const [offset, record] of found.entries()) {
    const right = offset < promised.length ? promised[offset] === record : ledger.attempted.get(offset)?.has(record);
    if (right !== true) return `offset ${offset} holds ${record.slice(0, 20)}, which was never there`;
  }
  return null;
}
