/**
 * The logs of streams derived anew by another configuration, into a data directory of their own: each commit with its input,
 * its time and its position as they are, and with what comes of that input now. Logs of exchanges are not derived here: who runs
 * the configuration on that directory fills them from these.
 */
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { carryDerivations, noteDerivations, notedStreams } from '../data-directory/derivation-history.ts';
import { derivationOf } from '../data-directory/derivations.ts';
import { registryOf } from '../data-directory/registry-of.ts';
import { messageOf } from '../journal/error.ts';
import { nodeFs } from '../journal/fs.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import type { Log } from '../journal/log.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { readSchemaTexts, saveSchemaFiles } from '../journal/schema-files.ts';
import { type SnapshotStore, snapshotStore } from '../journal/snapshots.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { COMMIT_FRAME, type Commit, encodeCommit, type Section } from '../messages/commit.ts';
import { logNamesOf } from '../messages/log-name.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import {
  createPartitionFold,
  derivationTypes,
  deriveAll,
  type PartitionFold,
  schemasOf,
} from '../partition/derivation.ts';
import { decodeSnapshot, encodeSnapshot } from '../partition/snapshot.ts';
import { type Cuts, cutsOf, type PrunedStart, type ResultsFrom } from './cuts.ts';
import {
  dropReprocessed,
  forgetReached,
  type Reached,
  readReprocessNote,
  reprocessedDir,
  writeReprocessNote,
} from './place.ts';

/** What was committed before `fromMs` keeps its results. */
export interface ReprocessOptions extends ResultsFrom {
  readonly config: Config;
  /** As an absolute path. */
  readonly configFile: string;
  readonly dataDir: string;
  readonly name: string;
  /** How far each live log is read: one past its last event. */
  readonly ends: ReadonlyMap<string, number>;
  /** Hears of events of the live logs that have been read. */
  onEvents(events: number): void;
}

export interface ReprocessedLog {
  readonly log: string;
  readonly inputEvents: number;
  readonly derivedEvents: number;
}

export interface ReprocessedLogs {
  readonly logs: readonly ReprocessedLog[];
  /** Logs of streams that had lost their beginning: the results lack what was in it. */
  readonly pruned: readonly PrunedStart[];
}

/** Bytes that may wait for the disk before more is derived. */
const QUEUED_BYTES = 32 * 1024 ** 2;

/**
 * Begins, or goes on where a call with the same configuration ended. Throws a ConfigError where something that is needed is not
 * there, or would be lost. The live logs are only read.
 */
export async function reprocessLogs(options: ReprocessOptions): Promise<ReprocessedLogs> {
  const { config, configFile, dataDir, name, fromMs, fromEarliest, ends } = options;
  const directory = reprocessedDir(dataDir, name);
  const reader = openReader(journalOf(dataDir));
  const registry = registryOf(dataDir);
  const plans = config.streams.map((stream) => {
    const derivation = derivationOf(config, stream);
    const types = derivationTypes(derivation, OPERATOR_KINDS);
    for (const type of schemasOf(types)) registry.add(type);
    return { derivation, types, logs: logNamesOf(stream.name, stream.partitions) };
  });
  const cuts = await cutsOf({ config, dataDir, reader, registry, ends }, options);
  const starts = new Map(cuts.pruned.map(({ log, offset }) => [log, offset]));
  const note = readReprocessNote(dataDir, name);
  const isSame = note !== null && note.fromMs === fromMs && (note.fromEarliest ?? false) === fromEarliest;
  const goesOn = isSame && isMadeBy(dataDir, name, config);
  const reached = goesOn ? note.reached : {};
  if (goesOn) await forgetReached(dataDir, name);
  else dropReprocessed(dataDir, name);
  await nodeFs.makeDirectory(directory);
  const schemas = readSchemaTexts(dataDir).map(([fingerprint, json]) => ({ fingerprint, json }));
  await saveSchemaFiles(nodeFs, directory, [...schemas, ...plans.flatMap(({ types }) => schemasOf(types))]);
  await carryDerivations({ fs: nodeFs, syncFs: nodeSyncFs }, dataDir, directory, [cuts.streams, cuts.exchanges]);
  const own = journalOf(directory);
  // A power cut may take what only the operating system has: it can be made of the live logs again.
  const journal = await openJournal(own.directory, { durability: 'os', segmentBytes: config.journal.segmentBytes });
  try {
    const snapshots = snapshotStore(own.directory);
    const logs: ReprocessedLog[] = [];
    const now: Record<string, { live: number; own: number }> = {};
    for (const { derivation, types, logs: names } of plans) {
      const since = Object.fromEntries(names.map((log) => [log, cuts.streams.get(log) ?? 0]));
      await noteDerivations(nodeFs, nodeSyncFs, directory, [{ derivation, since }]);
      for (const [partition, log] of names.entries()) {
        const target = { log: await journal.openLog(log), snapshots };
        const fold = createPartitionFold(derivation, types, partition, registry);
        const fromOffset = (await resume(fold, target, reached[log])) ?? starts.get(log) ?? 0;
        const range = { fromOffset, toOffset: ends.get(log) ?? 0 };
        const made = await derive(
          fold,
          reader.commits(log, range),
          { ...target, cut: since[log] ?? 0 },
          options.onEvents,
        );
        await target.log.sync();
        await snapshots.save(log, target.log.nextOffset(), encodeSnapshot(fold.snapshot()));
        await snapshots.prune(log, 2);
        now[log] = { live: range.toOffset, own: target.log.nextOffset() };
        logs.push({ log, ...made });
      }
    }
    if (!goesOn) await copyKept(journal, reader, cuts);
    await writeReprocessNote(dataDir, name, { configFile, fromMs, fromEarliest, reached: now });
    return { logs, pruned: cuts.pruned };
  } finally {
    await journal.close();
  }
}

/** Whether what lies there was made by this configuration as it is now. */
export function isMadeBy(dataDir: string, name: string, config: Config): boolean {
  const directory = reprocessedDir(dataDir, name);
  if (!existsSync(directory)) return false;
  const noted = notedStreams(directory, nodeSyncFs);
  return config.streams.every((stream) => {
    const { expectations: _, ...derivation } = derivationOf(config, stream);
    return JSON.stringify(noted.get(stream.name)?.derivation) === JSON.stringify(derivation);
  });
}

type Reader = ReturnType<typeof openReader>;

interface Target {
  readonly log: Log;
  readonly snapshots: SnapshotStore;
}

/** Into the state where an earlier call ended. Resolves with the offset of the live log to go on from; null without one. */
async function resume(fold: PartitionFold, { log, snapshots }: Target, reached: Reached[string] | undefined) {
  if (reached === undefined) return null;
  const found = await snapshots.latest(log.name, reached.own);
  const snapshot = found?.offset === reached.own ? decodeSnapshot(found.body) : null;
  if (snapshot === null || log.nextOffset() !== reached.own) {
    throw new Error(
      `what was reprocessed of ${log.name} is damaged: drop it, and reprocess once more. The live results are whole`,
    );
  }
  fold.restore(snapshot);
  return reached.live;
}

async function derive(
  fold: PartitionFold,
  commits: ReturnType<Reader['commits']>,
  { log, cut }: Target & { readonly cut: number },
  onEvents: (events: number) => void,
): Promise<{ readonly inputEvents: number; readonly derivedEvents: number }> {
  let [inputEvents, derivedEvents] = [0, 0];
  for await (const { offset, endOffset, commit } of commits) {
    const now = derivedOf(fold, commit, log.name, offset);
    const inputs = commit.sections.filter(({ role }) => role === 'input');
    const made = offset < cut ? commit : { ...commit, sections: [...inputs, ...now] };
    for (const { role, count } of made.sections) {
      if (role === 'input') inputEvents += count;
      else derivedEvents += count;
    }
    await append(log, made);
    onEvents(endOffset - offset);
  }
  return { inputEvents, derivedEvents };
}

function derivedOf(fold: PartitionFold, commit: Commit, log: string, offset: number): readonly Section[] {
  try {
    return fold.partition.replay(commit, (steps) => deriveAll(fold, steps));
  } catch (error) {
    throw new Error(
      `${log}, offset ${offset}: the pipeline file can't be applied to what came in there: ${messageOf(error)}. ` +
        'The live results are as they were.',
      { cause: error },
    );
  }
}

/** The beginnings of exchanges' logs that keep their results. */
async function copyKept(journal: Journal, reader: Reader, { exchanges }: Cuts): Promise<void> {
  for (const [name, toOffset] of exchanges) {
    const log = await journal.openLog(name);
    for await (const { commit } of reader.commits(name, { fromOffset: 0, toOffset })) await append(log, commit);
    await log.sync();
  }
}

/** Waits for the disk when much waits for it. */
async function append(log: Log, commit: Commit): Promise<void> {
  const { parts, count } = encodeCommit(commit);
  const durable = log.append(COMMIT_FRAME, count, parts);
  if (log.queuedBytes() > QUEUED_BYTES) await durable;
  // A log that fails says so to whoever syncs or closes it.
  else durable.catch(() => {});
}
