/**
 * By what the events of a data directory were derived, and since when: a configuration may change between two runs, and
 * a replay has to change with it.
 */
import { join } from 'node:path';
import type { Fs } from '../journal/fs.ts';
import { replaceFile } from '../journal/replace-file.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import type { Derivation } from '../partition/derivation.ts';
import type { DerivationSince } from '../partition/rederive.ts';
import { derivationOfEarlier, type EarlierDerivation } from './earlier-derivations.ts';

const FILE = 'derivations.json';

export interface Entry {
  readonly derivation: Derivation;
  /** The offset of each log of the stream from which on the derivation holds. */
  readonly since: Readonly<Record<string, number>>;
}

/**
 * Notes from which offset on each derivation holds, unless it is what was noted last of its stream. Call it before the
 * first append.
 */
export async function noteDerivations(
  fs: Fs,
  syncFs: SyncFs,
  dataDir: string,
  derivations: readonly Entry[],
): Promise<void> {
  const noted = readNoted(dataDir, syncFs);
  const entries = noted.map(entryOf);
  const changed = derivations.map(withoutExpectations).filter(({ derivation, since }) => {
    const own = entries.filter((entry) => entry.derivation.stream === derivation.stream);
    const known = new Set(own.flatMap((entry) => Object.keys(entry.since)));
    const isSame = JSON.stringify(own.at(-1)?.derivation) === JSON.stringify(derivation);
    return !isSame || Object.keys(since).some((log) => !known.has(log));
  });
  if (changed.length === 0) return;
  await replaceFile(fs, dataDir, FILE, [Buffer.from(JSON.stringify([...noted, ...changed]))]);
}

/**
 * Expectations decide what is taken in, and the log has that. Another expectation derives nothing else from the log.
 */
function withoutExpectations({ derivation: { expectations: _, ...derivation }, since }: Entry): Entry {
  return { derivation, since };
}

interface Disk {
  readonly fs: Fs;
  readonly syncFs: SyncFs;
}

/**
 * Notes in another data directory what derived the first events of logs, up to these offsets. That directory has the
 * events too.
 */
export async function carryDerivations(
  { fs, syncFs }: Disk,
  fromDir: string,
  toDir: string,
  cuts: readonly ReadonlyMap<string, number>[],
): Promise<void> {
  const known = readNoted(toDir, syncFs);
  const taken = new Set(known.flatMap(({ since }) => Object.keys(since)));
  const isKept = (log: string, offset: number): boolean =>
    !taken.has(log) && cuts.some((each) => offset < (each.get(log) ?? 0));
  const carried = notedOf(readNoted(fromDir, syncFs), isKept);
  if (carried.length > 0) await replaceFile(fs, toDir, FILE, [Buffer.from(JSON.stringify([...known, ...carried]))]);
}

/** Replaces what derived logs by what another data directory says, whose logs take the place of those that are gone. */
export async function replaceDerivations(
  { fs, syncFs }: Disk,
  fromDir: string,
  toDir: string,
  gone: ReadonlySet<string>,
): Promise<void> {
  const kept = notedOf(readNoted(toDir, syncFs), (log) => !gone.has(log));
  const taken = notedOf(readNoted(fromDir, syncFs), (log) => gone.has(log));
  await replaceFile(fs, toDir, FILE, [Buffer.from(JSON.stringify([...kept, ...taken]))]);
}

function notedOf(all: readonly Noted[], isWanted: (log: string, offset: number) => boolean): Noted[] {
  return all.flatMap((noted): Noted[] => {
    const since = Object.fromEntries(Object.entries(noted.since).filter(([log, offset]) => isWanted(log, offset)));
    return Object.keys(since).length === 0 ? [] : [{ ...noted, since }];
  });
}

/** What derived a log's events, in order of offset; nothing for a log without a noted derivation. */
export function derivationHistory(dataDir: string, log: string, fs: SyncFs): DerivationSince[] {
  return readNoted(dataDir, fs).flatMap((noted) => {
    const { derivation, since } = entryOf(noted);
    const fromOffset = since[log];
    return fromOffset === undefined
      ? []
      : [{ fromOffset, derivation, newBegin: isEarlier(noted) ? 'here' : 'at-start' }];
  });
}

/** The last derivation that was noted of each stream, and the logs that anything was noted of. */
export function notedStreams(dataDir: string, fs: SyncFs): ReadonlyMap<string, NotedStream> {
  const noted = new Map<string, NotedStream>();
  for (const { derivation, since } of readNoted(dataDir, fs).map(entryOf)) {
    const logs = new Set([...(noted.get(derivation.stream)?.logs ?? []), ...Object.keys(since)]);
    noted.set(derivation.stream, { derivation, logs });
  }
  return noted;
}

export interface NotedStream {
  readonly derivation: Derivation;
  readonly logs: ReadonlySet<string>;
}

/** An entry of the file, as this version or an earlier one has written it. */
type Noted = Entry | { readonly derivation: EarlierDerivation; readonly since: Entry['since'] };

function isEarlier(noted: Noted): noted is Exclude<Noted, Entry> {
  return !('inputs' in noted.derivation);
}

function entryOf(noted: Noted): Entry {
  return isEarlier(noted) ? { derivation: derivationOfEarlier(noted.derivation), since: noted.since } : noted;
}

function readNoted(dataDir: string, fs: SyncFs): Noted[] {
  if (!fs.list(dataDir).includes(FILE)) return [];
  const path = join(dataDir, FILE);
  try {
    const noted: unknown = JSON.parse(fs.read(path).toString('utf8'));
    if (Array.isArray(noted)) return noted;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(
    `${path} is cut off or damaged. It says by what the events of the journal were derived, which replays need and nothing ` +
      'else does; the journal itself is as it was. Restore the file from a backup, or move it away and start again: what ' +
      'came before that can then not be derived anew.',
  );
}
