/**
 * What was reprocessed takes the place of the live results: its logs that of the live ones, which are kept aside. From the note in
 * the journal's directory on it can only go forward: a promotion that was interrupted goes on when it is asked for again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deleteStores, openReadModels, PROJECTIONS } from '../channel/offline.ts';
import { notedStreams, replaceDerivations } from '../data-directory/derivation-history.ts';
import { lastPositions, SINKS_LOG } from '../data-directory/sink-positions.ts';
import { nodeFs } from '../journal/fs.ts';
import { openJournal } from '../journal/journal.ts';
import { EXCHANGE_NOTE, lockExchanged } from '../journal/lock.ts';
import { logNames } from '../journal/log-names.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { endOfLog } from '../journal/recovery.ts';
import { replaceFile } from '../journal/replace-file.ts';
import { readSchemaTexts, saveSchemaFiles } from '../journal/schema-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { logPlace } from '../messages/log-name.ts';
import { SINKS, type SinkPosition } from '../messages/sink-facts.ts';
import { sinkPositionsType } from '../messages/types.ts';
import { saveTableShapes } from '../projections/table-shapes.ts';
import { tableShapes } from '../service/read-models.ts';
import { appendWhole } from '../service/whole-log.ts';
import { isMadeBy } from './logs.ts';
import { dropReprocessed, readReprocessNote, reprocessedDir } from './place.ts';
import { type ReprocessRequest, reprocessUpTo } from './reprocess.ts';

export interface Promoted {
  /** Logs that took the place of others, or are new. */
  readonly logs: readonly string[];
  /** Where those are that they replaced. */
  readonly keptIn: string;
  /** Events that the read models were filled with. */
  readonly events: number;
}

/** What is to be done, so that it can be gone on with. */
interface ExchangeNote {
  readonly name: string;
  readonly keptIn: string;
  /** Logs that come. */
  readonly logs: readonly string[];
  /** Logs that go; some of these names come again. */
  readonly gone: readonly string[];
  readonly sinks: readonly SinkPosition[];
}

export interface PromoteRequest extends Omit<ReprocessRequest, 'configFile' | 'fromMs' | 'fromEarliest'> {
  /** Events that sinks have not sent yet are not sent: what they were derived as is gone. */
  readonly skipsUnsent: boolean;
  readonly nowMs: number;
}

/** No service may run on the data. Throws in words for people where it can't be, having changed nothing that is live. */
export async function promote(request: PromoteRequest): Promise<Promoted> {
  const { config, dataDir, name } = request;
  const journal = journalOf(dataDir).directory;
  const unlock = lockExchanged(journal);
  let note: ExchangeNote;
  try {
    note = readExchangeNote(journal) ?? (await prepared(request, journal));
    if (note.name !== name)
      throw new Error(`the promotion of ${note.name} was interrupted: promote ${note.name} first`);
    await exchange(note, request, journal);
  } finally {
    unlock();
  }
  dropReprocessed(dataDir, name);
  const declared = tableShapes(config).declared ?? [];
  const offline = await openReadModels(dataDir, () => deleteStores(dataDir, PROJECTIONS), { declared, rebuild: true });
  try {
    const events = await offline.catchUp(() => {});
    return { logs: note.logs, keptIn: note.keptIn, events };
  } finally {
    await offline.close();
  }
}

function readExchangeNote(journal: string): ExchangeNote | null {
  const file = join(journal, EXCHANGE_NOTE);
  if (!existsSync(file)) return null;
  const note: ExchangeNote = JSON.parse(readFileSync(file, 'utf8'));
  return note;
}

/** Takes in what came since, and looks whether anything would be lost. */
async function prepared(request: PromoteRequest, journal: string): Promise<ExchangeNote> {
  const { config, dataDir, name, skipsUnsent, nowMs } = request;
  const made = readReprocessNote(dataDir, name);
  if (made === null)
    throw new Error(`nothing that was reprocessed is called ${name}: \`millrace reprocess list\` names what is`);
  if (!isMadeBy(dataDir, name, config)) {
    throw new Error(
      `${made.configFile} has changed since ${name} was made by it: reprocess --as ${name} once more, then look at it`,
    );
  }
  const ends = await endsIn(journal);
  const { configFile, fromMs, fromEarliest = false } = made;
  await reprocessUpTo({ ...request, configFile, fromMs, fromEarliest }, ends);
  const directory = reprocessedDir(dataDir, name);
  const own = await endsIn(journalOf(directory).directory);
  const logs = [...own.keys()].filter(isOfStream);
  const live = new Set(ends.keys());
  const exchanges = [...notedStreams(dataDir, nodeSyncFs).values()]
    .filter(({ derivation }) => derivation.inputs[0].channels.length > 0)
    .flatMap((noted) => [...noted.logs]);
  const gone = [...new Set([...logs, ...exchanges])].filter((log) => live.has(log));
  const positions = await lastPositions(openReader(journalOf(dataDir)), ends.get(SINKS_LOG) ?? 0);
  if (!skipsUnsent) requireSent(positions, gone, ends);
  const sinks = positions.map((position) => movedTo(position, new Set(gone), logs, own));
  return { name, keptIn: join(dataDir, 'replaced', `${name}-${nowMs}`), logs, gone, sinks };
}

/** The service's own logs stay as they are. */
function isOfStream(log: string): boolean {
  return logPlace(log) !== null && !log.startsWith('millrace.');
}

async function endsIn(journal: string): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const log of logNames(journal)) ends.set(log, await endOfLog(nodeFs, join(journal, log), log));
  return ends;
}

function requireSent(positions: readonly SinkPosition[], gone: readonly string[], ends: ReadonlyMap<string, number>) {
  for (const { sink, logs, held } of positions) {
    for (const log of gone) {
      const next = logs.find((entry) => entry.log === log)?.next ?? 0;
      const events = (ends.get(log) ?? 0) - next + held.filter((entry) => entry.log === log).length;
      if (events <= 0) continue;
      throw new Error(
        `the sink ${sink} has not sent all of ${log}: up to ${events} events are left. Start the service with the pipeline file of ` +
          'before until it has, or promote with --skip-unsent. Nothing was changed',
      );
    }
  }
}

/** What lies in the logs that come was sent as it was before, or is of the past: it is not sent again. */
function movedTo(
  { logs, held, ...position }: SinkPosition,
  gone: ReadonlySet<string>,
  come: readonly string[],
  ends: ReadonlyMap<string, number>,
): SinkPosition {
  const kept = logs.filter(({ log }) => !gone.has(log) && !come.includes(log));
  const moved = come.map((log) => ({ log, next: ends.get(log) ?? 0, newFrom: ends.get(log) ?? 0 }));
  return { ...position, logs: [...kept, ...moved], held: held.filter(({ log }) => !gone.has(log)) };
}

/** Each step may have been done already. */
async function exchange(
  note: ExchangeNote,
  { config, dataDir, nowMs }: PromoteRequest,
  journal: string,
): Promise<void> {
  const { name, keptIn, logs, gone, sinks } = note;
  const directory = reprocessedDir(dataDir, name);
  const own = journalOf(directory).directory;
  await replaceFile(nodeFs, journal, EXCHANGE_NOTE, [Buffer.from(JSON.stringify(note))]);
  await nodeFs.makeDirectory(keptIn);
  for (const log of gone) {
    if (!existsSync(join(keptIn, log))) await nodeFs.rename(join(journal, log), join(keptIn, log));
  }
  for (const log of logs) {
    if (existsSync(join(own, log))) await nodeFs.rename(join(own, log), join(journal, log));
  }
  for (const each of [keptIn, own, journal]) await nodeFs.syncDirectory(each);
  const schemas = readSchemaTexts(directory).map(([fingerprint, json]) => ({ fingerprint, json }));
  await saveSchemaFiles(nodeFs, dataDir, schemas);
  await replaceDerivations({ fs: nodeFs, syncFs: nodeSyncFs }, directory, dataDir, new Set([...logs, ...gone]));
  saveTableShapes(dataDir, tableShapes(config));
  if (sinks.length > 0) await moveSinks(journal, sinks, config.journal.segmentBytes, nowMs);
  deleteStores(dataDir, PROJECTIONS);
  await nodeFs.unlink(join(journal, EXCHANGE_NOTE));
  await nodeFs.syncDirectory(journal);
}

async function moveSinks(journal: string, sinks: readonly SinkPosition[], segmentBytes: number, nowMs: number) {
  const opened = await openJournal(journal, { durability: 'fsync', segmentBytes, lock: () => () => {} });
  try {
    await appendWhole(
      await opened.openLog(SINKS_LOG),
      SINKS,
      sinkPositionsType.encodeBlock([{ sinks: [...sinks] }]),
      nowMs,
    );
  } finally {
    await opened.close();
  }
}
