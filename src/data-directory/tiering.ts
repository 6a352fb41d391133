/** Which segments of a data directory's journal are kept elsewhere: sent there, and brought back. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { isAway } from '../journal/away.ts';
import { type Fs, nodeFs } from '../journal/fs.ts';
import { lockDirectory } from '../journal/lock.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { replaceFile } from '../journal/replace-file.ts';
import { segmentBases } from '../journal/segment.ts';
import { nodeSyncFs, type SyncFs } from '../journal/sync-fs.ts';
import { bringBack, sendAway, type Tier, tierableSegments } from '../journal/tier.ts';
import { openPlace } from '../places/open-place.ts';
import { lastOperationsSnapshot, OPERATIONS_SNAPSHOTS_LOG } from './operations-snapshot.ts';
import { registryOf } from './registry-of.ts';
import { committedAtMs, oldestStart, operationsStart } from './retention.ts';

export type TierSettings = NonNullable<Config['journal']['tier']>;

/** One object a segment; nothing in the place is ever replaced, so there is no manifest. */
const NO_MANIFEST = 'millrace-tier.json';
/**
 * The file that names the directory in the places that it sends segments to. A copy made by backup and restore has
 * another name.
 */
const ID_FILE = 'tier.id';

export interface TieredLog {
  readonly log: string;
  readonly segments: number;
  readonly bytes: number;
}

/** Opens the place of old segments. Throws when the address can't be used. */
export async function openTier(dataDir: string, settings: TierSettings, fs: Fs, signal: AbortSignal): Promise<Tier> {
  const place = openPlace(settings.place, process.env, NO_MANIFEST);
  return { place, prefix: await idOf(dataDir, fs), signal };
}

/** Resolves when the place can be had; rejects with what it lacks. */
export async function reachTier({ place }: TierSettings): Promise<void> {
  await openPlace(place, process.env, NO_MANIFEST).readManifest();
}

async function idOf(dataDir: string, fs: Fs): Promise<string> {
  if (!(await fs.list(dataDir)).includes(ID_FILE)) {
    await replaceFile(fs, dataDir, ID_FILE, [Buffer.from(randomUUID())]);
  }
  return (await fs.read(join(dataDir, ID_FILE))).toString('utf8').trim();
}

export interface Sending {
  readonly dataDir: string;
  readonly settings: TierSettings;
  /** The offset of the operations log from which a start reads. */
  readonly operationsFrom: number;
  readonly nowMs: number;
  readonly fs: Fs;
  readonly syncFs: SyncFs;
  onSent(bytes: number): void;
}

/**
 * Sends the segments of one log that the settings say, the oldest first. Rejects when a segment can't go; those before
 * it are gone.
 */
export async function tierLog(log: string, tier: Tier, sending: Sending): Promise<TieredLog> {
  const { dataDir, settings, nowMs, fs } = sending;
  const journal = journalOf(dataDir);
  const directory = join(journal.directory, log);
  const reader = openReader(journal, sending.syncFs);
  const committedAt = (base: number): Promise<number> => committedAtMs(reader, log, base);
  const segments = await tierableSegments(fs, directory, {
    beforeMs: settings.ageMs === null ? Number.NEGATIVE_INFINITY : nowMs - settings.ageMs,
    maxBytes: settings.maxBytes ?? Number.POSITIVE_INFINITY,
    neededFrom: Math.min(await oldestStart(fs, directory), operationsStart(log, sending.operationsFrom)),
    committedAtMs: committedAt,
  });
  for (const { firstOffset, bytes } of segments) {
    await sendAway(fs, directory, firstOffset, tier, committedAt);
    sending.onSent(bytes);
  }
  return { log, segments: segments.length, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/**
 * Sends the segments of all logs that the settings say, under the directory's lock. Throws a JournalError when a
 * service runs on the data.
 */
export async function tierAll(dataDir: string, settings: TierSettings, nowMs: number): Promise<TieredLog[]> {
  const journal = journalOf(dataDir);
  const unlock = lockDirectory(journal.directory);
  try {
    const reader = openReader(journal);
    const saved = await lastOperationsSnapshot(
      reader,
      registryOf(dataDir),
      await reader.endOf(OPERATIONS_SNAPSHOTS_LOG),
    );
    const tier = await openTier(dataDir, settings, nodeFs, new AbortController().signal);
    const sent: TieredLog[] = [];
    for (const log of await reader.logNames()) {
      const disk = { fs: nodeFs, syncFs: nodeSyncFs, onSent: () => {} };
      sent.push(await tierLog(log, tier, { dataDir, settings, operationsFrom: saved?.offset ?? 0, nowMs, ...disk }));
    }
    return sent;
  } finally {
    unlock();
  }
}

/** Brings all segments back to this disk, under the directory's lock. Throws a JournalError when a service runs on the data. */
export async function recallAll(dataDir: string): Promise<TieredLog[]> {
  const journal = journalOf(dataDir);
  const unlock = lockDirectory(journal.directory);
  try {
    const recalled: TieredLog[] = [];
    for (const log of await openReader(journal).logNames()) {
      const directory = join(journal.directory, log);
      const names = nodeSyncFs.list(directory);
      let bytes = 0;
      const away = segmentBases(names).filter((base) => isAway(names, base));
      for (const base of away) bytes += await bringBack(nodeFs, directory, base);
      recalled.push({ log, segments: away.length, bytes });
    }
    return recalled;
  } finally {
    unlock();
  }
}
