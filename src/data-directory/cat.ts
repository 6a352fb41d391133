/** `journal cat`: the events of a journal, one by one, as they were written. */
import { join } from 'node:path';
import { JournalError } from '../journal/error.ts';
import { logNames } from '../journal/journal.ts';
import { lockDirectory } from '../journal/lock.ts';
import { type Frame, readFrames } from '../journal/reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { segmentBases, segmentName } from '../journal/segment.ts';
import { readIndex } from '../journal/segment-index.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { endsOf } from '../journal/vouched-end.ts';
import { COMMIT_FRAME, type Commit, decodeCommit } from '../messages/commit.ts';
import { createRegistry } from '../messages/registry.ts';

export interface CatOptions {
  /** A stream, or one of its logs. */
  readonly name: string;
  readonly partition: number | null;
  /** Offsets of events; `to` is exclusive. */
  readonly fromOffset: number;
  readonly toOffset: number;
  /** When the events were committed, epoch milliseconds; `until` is exclusive. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Short or full names of event types; empty for all. */
  readonly types: readonly string[];
}

export interface Cat {
  readonly logs: readonly string[];
  /** Lines of the events that have become durable since the last call, log by log in order of offset. */
  next(): Generator<string>;
}

/** Takes no lock: it may run beside the service. Its logs are none when the journal has none of that name. */
export function openCat(dataDir: string, options: CatOptions): Cat {
  const journalDir = join(dataDir, 'journal');
  const logs = logNames(journalDir).filter((log) => isWanted(log, options));
  const reached = new Map(logs.map((log) => [log, startOf(journalDir, log, options)]));
  return {
    logs,
    *next() {
      // A schema is on the disk before the first event of its kind.
      const registry = createRegistry();
      for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
      for (const log of logs) {
        const fromOffset = reached.get(log) ?? 0;
        const toOffset = Math.min(options.toOffset, readableEnd(journalDir, log));
        for (const frame of readFrames(journalDir, log, { fromOffset, toOffset })) {
          if (frame.kind !== COMMIT_FRAME) continue;
          const commit = decodeCommit(frame.body);
          const isInTime = commit.committedAt >= options.sinceMs && commit.committedAt < options.untilMs;
          if (isInTime) yield* lines(log, frame, commit, registry, options);
        }
        reached.set(log, Math.max(fromOffset, toOffset));
      }
    },
  };
}

/** Nobody writes while the directory's lock is held here. */
function readableEnd(journalDir: string, log: string): number {
  const directory = join(journalDir, log);
  const { vouched, whole } = endsOf(nodeSyncFs, directory);
  if (whole === vouched) return vouched;
  let unlock: () => void;
  try {
    unlock = lockDirectory(journalDir);
  } catch (error) {
    if (error instanceof JournalError) return vouched;
    throw error;
  }
  try {
    return endsOf(nodeSyncFs, directory).whole;
  } finally {
    unlock();
  }
}

function isWanted(log: string, { name, partition }: CatOptions): boolean {
  const dash = log.lastIndexOf('-');
  const isOfStream = log.slice(0, dash) === name;
  return log === name || (isOfStream && (partition === null || log.slice(dash + 1) === String(partition)));
}

/** Segments, and what of a segment has an index, that end before the first wanted event are not read. */
function startOf(journalDir: string, log: string, { fromOffset, sinceMs }: CatOptions): number {
  const directory = join(journalDir, log);
  const bases = segmentBases(nodeSyncFs.list(directory));
  const first = bases[0] ?? 0;
  if (!Number.isFinite(sinceMs)) return Math.max(first, fromOffset);
  const isBefore = (offset: number): boolean => committedAtOf(journalDir, log, offset) < sinceMs;
  const base = lastThat(bases, isBefore) ?? first;
  const within = readIndex(nodeSyncFs, join(directory, segmentName(base))).map(({ offset }) => offset);
  return Math.max(lastThat(within, isBefore) ?? base, fromOffset);
}

/** Of a list that begins with those that hold and ends with those that do not. */
function lastThat(offsets: readonly number[], holds: (offset: number) => boolean): number | undefined {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(offsets[middle]!)) low = middle + 1;
    else high = middle;
  }
  return offsets[low - 1];
}

/** When the commit of an offset was made; Infinity for a segment without one. */
function committedAtOf(journalDir: string, log: string, offset: number): number {
  for (const frame of readFrames(journalDir, log, { fromOffset: offset, toOffset: offset + 1 })) {
    return decodeCommit(frame.body).committedAt;
  }
  return Number.POSITIVE_INFINITY;
}

function* lines(
  log: string,
  { offset, count }: Frame,
  { sections, committedAt, source }: Commit,
  registry: ReturnType<typeof createRegistry>,
  { fromOffset, toOffset, types }: CatOptions,
): Generator<string> {
  if (sections.length === 0 && count > 0) yield JSON.stringify({ log, offset, type: source, count });
  let at = offset;
  for (const { fingerprint, role, bytes, count: events } of sections) {
    const type = registry.writerOf(fingerprint);
    const first = at;
    at += events;
    if (type === undefined)
      throw new Error(
        `The schema ${fingerprint} of ${log} at offset ${first} is not in the data directory; see journal verify`,
      );
    const short = type.name.slice(type.name.lastIndexOf('.') + 1);
    if (types.length > 0 && !types.includes(short) && !types.includes(type.name)) continue;
    for (const [i, event] of type.decodeBlock(bytes).entries()) {
      const eventOffset = first + i;
      if (eventOffset < fromOffset || eventOffset >= toOffset) continue;
      yield JSON.stringify({ log, offset: eventOffset, type: type.name, role, committedAt, event: plain(event) });
    }
  }
}

/** Bytes as base64. */
function plain(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('base64') : value]),
  );
}
