/** `journal cat`: the events of a journal, one by one, as they were written. */

import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import { journalOf, openReader } from '../journal/open-reader.ts';
import { exactJson } from '../messages/event-json.ts';
import { logPlace } from '../messages/log-name.ts';
import { registryOf } from './registry-of.ts';

export interface CatOptions {
  /** A stream, or one of its logs. */
  readonly name: string;
  readonly partition: number | null;
  /** Offsets of events; `to` is exclusive. */
  readonly fromOffset: number;
  readonly toOffset: number;
  /** When the events were committed, in epoch milliseconds; `until` is exclusive. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Short or full names of event types; empty for all. */
  readonly types: readonly string[];
}

export interface Cat {
  readonly logs: readonly string[];
  /** Lines of the events that became durable since the last call, log by log in order of offset. */
  next(): AsyncGenerator<string>;
}

/**
 * Opens the events of a stream or log. It takes no lock, so it may run beside the service. It has no logs when the
 * journal has none of that name.
 */
export async function openCat(dataDir: string, options: CatOptions): Promise<Cat> {
  const reader = openReader(journalOf(dataDir));
  const logs = (await reader.logNames()).filter((log) => isWanted(log, options));
  const reached = new Map<string, number>();
  for (const log of logs) reached.set(log, await startOf(reader, log, options));
  return {
    logs,
    async *next() {
      // A schema is on the disk before the first event of its kind.
      const registry = registryOf(dataDir);
      for (const log of logs) {
        const fromOffset = reached.get(log) ?? 0;
        const toOffset = Math.min(options.toOffset, await reader.endOf(log));
        for await (const read of reader.commits(log, { fromOffset, toOffset })) {
          const { committedAt } = read.commit;
          const isInTime = committedAt >= options.sinceMs && committedAt < options.untilMs;
          if (isInTime) for (const line of lines(log, read, registry, options)) yield line;
        }
        reached.set(log, Math.max(fromOffset, toOffset));
      }
    },
  };
}

function isWanted(log: string, { name, partition }: CatOptions): boolean {
  const place = logPlace(log);
  return log === name || (place?.stream === name && (partition === null || place.partition === partition));
}

async function startOf(reader: CommitReader, log: string, { fromOffset, sinceMs }: CatOptions): Promise<number> {
  const first = Number.isFinite(sinceMs) ? await reader.offsetAt(log, sinceMs) : await reader.startOf(log);
  return Math.max(first, fromOffset);
}

function* lines(
  log: string,
  { offset, endOffset, commit: { sections, committedAt, source } }: JournaledCommit,
  registry: ReturnType<typeof registryOf>,
  { fromOffset, toOffset, types }: CatOptions,
): Generator<string> {
  if (sections.length === 0) yield JSON.stringify({ log, offset, type: source, count: endOffset - offset });
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
      yield exactJson({ log, offset: eventOffset, type: type.name, role, committedAt, event: plain(event) });
    }
  }
}

/** The event with bytes as base64. */
function plain(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('base64') : value]),
  );
}
