/** The journal of a data directory: a log a partition, held by one process. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { isLogName } from '../messages/log-name.ts';
import { syncAncestors } from './ancestors.ts';
import { JournalError, messageOf } from './error.ts';
import { type Fs, nodeFs } from './fs.ts';
import { lockDirectory } from './lock.ts';
import { type Durability, type Log, type LogState, openLog } from './log.ts';
import { logNames } from './log-names.ts';
import { recoverLog, type TornTail } from './recovery.ts';
import { MAX_SEGMENT_BYTES } from './segment.ts';
import { systemTimer, type Timer } from './timer.ts';

export interface JournalOptions {
  readonly durability: Durability;
  /** At most MAX_SEGMENT_BYTES. */
  readonly segmentBytes: number;
  readonly fs?: Fs;
  readonly timer?: Timer;
  readonly salt?: () => number;
  /** Takes the directory for this process alone; returns the release. */
  readonly lock?: (directory: string) => () => void;
  /** The largest next offset of a log that something outside the journal has seen; 0 for none. */
  readonly witnesses?: (log: string) => number;
  /** Told of a tail that was never acknowledged and was cut off. */
  readonly onTorn?: (torn: TornTail) => void;
  /** Told whenever a log stalls, goes on, fails or is closed. */
  readonly onState?: (log: string, state: LogState) => void;
}

export interface Journal {
  readonly dir: string;
  /** Recovers a log, or starts a new one. Opening it twice gives the same log; a failed opening may be tried again. */
  openLog(name: string): Promise<Log>;
  /** Names of the logs in the directory, sorted. */
  logNames(): readonly string[];
  close(): Promise<void>;
}

/** Takes the directory's lock. Throws a JournalError when it is in use or can't be written. */
export async function openJournal(dir: string, options: JournalOptions): Promise<Journal> {
  const fs = options.fs ?? nodeFs;
  const { segmentBytes } = options;
  if (!(segmentBytes > 0 && segmentBytes <= MAX_SEGMENT_BYTES)) {
    throw new RangeError(`A segment of ${segmentBytes} bytes is not from 1 to ${MAX_SEGMENT_BYTES}`);
  }
  try {
    await fs.makeDirectory(dir);
    await syncAncestors(fs, dir);
  } catch (error) {
    throw new JournalError(
      { kind: 'not-writable', directory: dir },
      `${dir} can't be created (${messageOf(error)}). Choose another with --data.`,
      error,
    );
  }
  const unlock = (options.lock ?? lockDirectory)(dir);
  const logs = new Map<string, Promise<Log>>();
  let closing: Promise<void> | null = null;

  async function open(name: string): Promise<Log> {
    const { start, torn } = await recoverLog(fs, join(dir, name), name, options.witnesses?.(name) ?? 0);
    if (torn !== null) options.onTorn?.(torn);
    return openLog(name, start, {
      fs,
      timer: options.timer ?? systemTimer,
      durability: options.durability,
      segmentBytes,
      salt: options.salt ?? (() => randomInt(2 ** 32)),
      onState: (state) => options.onState?.(name, state),
    });
  }

  /** Closes all logs and always gives the lock back; then throws the first error of a log. */
  async function closeAll(): Promise<void> {
    const opened = await Promise.allSettled(logs.values());
    const closed = await Promise.allSettled(
      opened.flatMap((log) => (log.status === 'fulfilled' ? [log.value.close()] : [])),
    );
    unlock();
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  return {
    dir,
    openLog(name) {
      if (closing !== null) {
        return Promise.reject(new JournalError({ kind: 'closed', log: name }, `The journal in ${dir} is closed`));
      }
      if (!isLogName(name)) {
        const text = `${JSON.stringify(name)} can't name a log: letters, digits, ".", "_" and "-", no "." first`;
        return Promise.reject(new JournalError({ kind: 'invalid', log: name }, text));
      }
      const known = logs.get(name);
      if (known !== undefined) return known;
      const opening = open(name);
      logs.set(name, opening);
      opening.catch(() => logs.delete(name));
      return opening;
    },
    logNames: () => logNames(dir),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
