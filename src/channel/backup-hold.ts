/**
 * The moment of a backup: how far each log was durable, read for all logs at once. Nothing of the journal is removed while
 * its files are copied. All logs are written by this process, and a log takes only durable events of another log, so ends
 * of one moment fit together. The copying is done by the command that asks, not by the service.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OPERATIONS_SNAPSHOTS_LOG } from '../data-directory/operations-snapshot.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { SINKS_LOG } from '../data-directory/sink-positions.ts';
import { hasJobTables, JOBS_COPY } from '../job-tables/names.ts';
import { JournalError } from '../journal/error.ts';
import { nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { logNames } from '../journal/log-names.ts';
import { endOfLog } from '../journal/recovery.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { endsOf } from '../journal/vouched-end.ts';
import { startOf } from '../service/job-tables.ts';
import type { ServiceCore } from '../service.ts';
import type { JobTablesProcess } from '../workers/job-tables-process.ts';
import { askChannel, connectChannel } from './channel-client.ts';
import { channelCommand, RequestError } from './channel-commands.ts';

export interface HeldEnds {
  /** Next offset by log. */
  readonly ends: ReadonlyMap<string, number>;
  release(): Promise<void>;
}

const HOLD_MS = 24 * 3_600_000;
/** How long a starting service may hold the directory before it listens. */
const STARTING_MS = 5_000;
const STARTING_RETRY_MS = 100;

/** Gives the ends first, one row for each log, then nothing until the request is cancelled. */
export const backupHoldCommand = channelCommand({
  name: 'backup-hold',
  schema: {},
  async *rows({ running }, _, { signal }) {
    if (running === null) throw new RequestError('backup-hold is for a running service');
    const release = running.pruning.hold();
    try {
      await copyJobTables(running.config.dataDir, running.jobTables);
      const ends = await endsOfRunning(running);
      yield [...ends].map(([log, nextOffset]) => ({ log, nextOffset }));
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      release();
    }
  },
});

async function endsOfRunning({ pipeline, config }: ServiceCore): Promise<ReadonlyMap<string, number>> {
  const { journal } = pipeline;
  const names = journal.logNames();
  // The operations log's end is read before that of its snapshots, so that no snapshot in the backup covers more than the
  // backup has.
  const own = pipeline.units.map(({ log }) => log);
  if (config.sinks.length > 0 || names.includes(SINKS_LOG)) own.push(await journal.openLog(SINKS_LOG));
  if (names.includes(OPERATIONS_SNAPSHOTS_LOG)) own.push(await journal.openLog(OPERATIONS_SNAPSHOTS_LOG));
  const ends = new Map(own.map((log) => [log.name, log.durableOffset()]));
  // Logs of streams that are no more: this process holds the directory, so nobody writes them.
  for (const name of names) {
    if (!ends.has(name)) ends.set(name, endsOf(nodeSyncFs, join(journal.dir, name)).whole);
  }
  return ends;
}

/** Has to run before the ends are read: whatever the copy has as published is then in the journal too. */
async function copyJobTables(dataDir: string, tables: Pick<JobTablesProcess, 'ask'>): Promise<void> {
  if (hasJobTables(dataDir)) await tables.ask({ kind: 'copy', to: join(dataDir, JOBS_COPY) });
}

/**
 * Holds the ends of the service that runs on the directory, or else those of the directory under its lock. Throws a
 * JournalError when neither can be had.
 */
export async function holdEnds(dataDir: string): Promise<HeldEnds> {
  const { directory } = requireJournal(dataDir);
  const until = performance.now() + STARTING_MS;
  for (;;) {
    const socket = await connectChannel(dataDir);
    if (socket !== null) {
      const request = { command: 'backup-hold', request: {}, timeoutMs: HOLD_MS, limit: Number.MAX_SAFE_INTEGER };
      const answers = askChannel(socket, request, () => {});
      const { value } = await answers.next();
      const rows: readonly Readonly<Record<string, unknown>>[] = value?.rows ?? [];
      const ends = new Map(rows.map(({ log, nextOffset }) => [String(log), Number(nextOffset)]));
      const release = async (): Promise<void> => {
        removeCopy(dataDir);
        await answers.return(undefined);
      };
      return { ends, release };
    }
    try {
      const unlock = lockDirectory(directory);
      const tables = startOf(dataDir);
      await copyJobTables(dataDir, tables).finally(tables.close);
      const release = async (): Promise<void> => {
        removeCopy(dataDir);
        unlock();
      };
      return { ends: await endsOfStopped(directory), release };
    } catch (error) {
      const isInUse = error instanceof JournalError && error.kind === 'in-use';
      if (!isInUse || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, STARTING_RETRY_MS));
  }
}

function removeCopy(dataDir: string): void {
  rmSync(dirname(join(dataDir, JOBS_COPY)), { recursive: true, force: true });
}

async function endsOfStopped(directory: string): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const log of logNames(directory)) ends.set(log, await endOfLog(nodeFs, join(directory, log), log));
  return ends;
}
