/** The journal of a data directory: a log a partition, held by one process. */
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { JournalError } from './error.ts';
import { type Fs, nodeFs } from './fs.ts';
import { lockDirectory } from './lock.ts';
import { type Durability, type Log, openLog } from './log.ts';
import { recoverLog, type TornTail } from './recovery.ts';

export interface JournalOptions {
  readonly durability: Durability;
  readonly segmentBytes: number;
  readonly fs?: Fs;
  readonly salt?: () => number;
  /** The largest next offset of a log that something outside the journal has seen; 0 for none. */
  readonly witness?: (log: string) => number;
  /** Told of a tail that was never acknowledged and was cut off. */
  readonly onTorn?: (torn: TornTail) => void;
  /** Told once when a log has failed for good. */
  readonly onFatal?: (error: JournalError) => void;
}

export interface Journal {
  readonly directory: string;
  /** Recovers a log, or starts a new one. Opening it twice gives the same log. */
  openLog(name: string): Promise<Log>;
  close(): Promise<void>;
}

/** Takes the directory's lock. Throws a JournalError when it is in use or can't be written. */
export async function openJournal(directory: string, options: JournalOptions): Promise<Journal> {
  const fs = options.fs ?? nodeFs;
  try {
    await fs.makeDirectory(directory);
  } catch (error) {
    throw new JournalError(
      { kind: 'not-writable', directory },
      `${directory} can't be created (${error instanceof Error ? error.message : String(error)}). Choose another with --data.`,
      error,
    );
  }
  const unlock = lockDirectory(directory);
  const logs = new Map<string, Promise<Log>>();

  async function open(name: string): Promise<Log> {
    const { start, torn } = await recoverLog(fs, join(directory, name), name, options.witness?.(name) ?? 0);
    if (torn !== null) options.onTorn?.(torn);
    return openLog(name, start, {
      fs,
      durability: options.durability,
      segmentBytes: options.segmentBytes,
      salt: options.salt ?? (() => randomInt(2 ** 32)),
      onFatal: (error) => options.onFatal?.(error),
    });
  }

  return {
    directory,
    openLog(name) {
      const known = logs.get(name) ?? open(name);
      logs.set(name, known);
      return known;
    },
    async close() {
      for (const log of await Promise.allSettled(logs.values()))
        if (log.status === 'fulfilled') await log.value.close();
      unlock();
    },
  };
}

/** Names of the logs in a journal's directory, sorted; none when it does not exist. */
export function logNames(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}
