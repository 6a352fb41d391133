/** `millrace forget`: the events of a key leave the journal, under the directory's lock. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../builtin-types.ts';
import { type Config, declaredOperators } from '../config/config.ts';
import { nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { endOfLog } from '../journal/recovery.ts';
import { rewriteLog } from '../journal/rewrite.ts';
import { readSchemaFiles, saveSchemaFiles } from '../journal/schema-files.ts';
import { SNAPSHOT_DIRECTORY } from '../journal/snapshot-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { COMMIT_FRAME, decodeCommit } from '../messages/commit.ts';
import { createRegistry } from '../messages/registry.ts';
import { forgottenType } from '../messages/types.ts';
import { noteForgotten } from './forgotten-file.ts';
import { type ForgottenKey, rowForgetter } from './forgotten-rows.ts';

export interface ForgottenLog {
  readonly log: string;
  /** How many events were removed, by what they were. */
  readonly removed: Readonly<Record<string, number>>;
  readonly segments: number;
  readonly snapshots: number;
  /** The offset of the first event that is kept, where older ones were pruned; 0 otherwise. */
  readonly prunedTo: number;
}

export interface Forgotten {
  readonly logs: readonly ForgottenLog[];
  /** Events that stay and have the value in another field, by record and field. */
  readonly left: Readonly<Record<string, number>>;
}

/** What the pipeline file says of a key. `fields`: names of the fields that hold it. */
export function forgottenKey(config: Config, value: string, fields: ReadonlySet<string>): ForgottenKey {
  const isKeyed = (key: unknown): boolean => typeof key === 'string' && fields.has(key);
  const keyed = declaredOperators(config).filter(({ reads }) => reads.some(({ key }) => isKeyed(key)));
  return {
    value,
    fields,
    keyed: new Set(keyed.map(({ name }) => name)),
    streams: new Set(config.streams.filter(({ key }) => fields.has(key)).map(({ name }) => name)),
    timeFields: new Map(config.streams.map(({ schema, eventTime }) => [dynamicEventType(schema).name, eventTime])),
  };
}

/**
 * Removes a key's events from the journal. With `isDryRun` it only says what it would do. Throws a JournalError when a
 * service runs on the data.
 */
export async function forgetInJournal(dataDir: string, key: ForgottenKey, isDryRun: boolean): Promise<Forgotten> {
  const journal = journalOf(dataDir);
  const unlock = isDryRun ? () => {} : lockDirectory(journal.directory);
  try {
    const registry = createRegistry(BUILTIN_TYPES);
    for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
    const reader = openReader(journal);
    if (!isDryRun) await saveSchemaFiles(nodeFs, dataDir, [forgottenType]);
    const logs: ForgottenLog[] = [];
    const left: Record<string, number> = {};
    for (const log of await reader.logNames()) {
      const directory = join(journal.directory, log);
      const pass = async (isTry: boolean) => {
        const rows = rowForgetter(key, registry);
        const newBody = (kind: number, _: number, body: Buffer) =>
          kind === COMMIT_FRAME ? rows.commit(decodeCommit(body)) : null;
        return { rows, segments: await rewriteLog(nodeFs, directory, log, () => randomInt(2 ** 32), newBody, isTry) };
      };
      const { rows, segments } = await pass(true);
      for (const [where, count] of rows.left) left[where] = (left[where] ?? 0) + count;
      const prunedTo = await reader.startOf(log);
      if (segments > 0 && !isDryRun) {
        await noteForgotten(nodeFs, nodeSyncFs, dataDir, new Map([[log, await endOfLog(nodeFs, directory, log)]]));
        await removeSnapshots(directory, prunedTo);
        await pass(false);
      }
      const removed = Object.fromEntries(rows.removed);
      const snapshots = segments === 0 ? 0 : (await snapshotsOf(directory)).length;
      if (segments > 0) logs.push({ log, removed, segments, snapshots, prunedTo });
    }
    return { logs, left };
  } finally {
    unlock();
  }
}

async function snapshotsOf(directory: string): Promise<readonly string[]> {
  return nodeFs.list(join(directory, SNAPSHOT_DIRECTORY)).catch(() => []);
}

/**
 * Removes snapshots, since their state was made of the removed events. The log makes it anew, unless the log's
 * beginning is gone.
 */
async function removeSnapshots(directory: string, prunedTo: number): Promise<void> {
  const names = [...(await snapshotsOf(directory))].sort();
  for (const name of prunedTo === 0 ? names : names.slice(1)) {
    await nodeFs.unlink(join(directory, SNAPSHOT_DIRECTORY, name));
  }
}
