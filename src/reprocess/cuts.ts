/**
 * Where the results of another configuration begin in each log, and what can't be derived anew. A stream's log is cut at a time; the
 * log of an exchange at the first commit that takes in what lies behind the cut of a log that it reads.
 */
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { notedStreams } from '../data-directory/derivation-history.ts';
import { exchangesOf, knownExchanges } from '../data-directory/exchanges.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { logName, logNamesOf, logPlace } from '../messages/log-name.ts';
import type { Registry } from '../messages/registry.ts';
import { operatorMessageType } from '../messages/types.ts';

/** Where a log begins that has lost its beginning. */
export interface PrunedStart {
  readonly log: string;
  readonly offset: number;
  /** Epoch ms: when the first commit that is kept was made; null where none is kept. */
  readonly committedAt: number | null;
}

export interface Cuts {
  /** Of the streams' logs whose beginning was pruned. */
  readonly pruned: readonly PrunedStart[];
  /** By log of a stream: the offset of the first event with new results. */
  readonly streams: ReadonlyMap<string, number>;
  /** By log of an exchange whose first commits are kept: one past their last event. */
  readonly exchanges: ReadonlyMap<string, number>;
}

interface LiveLogs {
  readonly config: Config;
  readonly dataDir: string;
  readonly reader: CommitReader;
  readonly registry: Registry;
  /** One past the last event that is read, by log. */
  readonly ends: ReadonlyMap<string, number>;
}

/** From which commits on there are new results. */
export interface ResultsFrom {
  /** Epoch ms; null cuts all logs at their start. */
  readonly fromMs: number | null;
  /** Whether the start may be the first commit that is kept: results that need earlier ones are incomplete then. */
  readonly fromEarliest: boolean;
}

/** Throws a ConfigError where something that is needed is not there, or would be lost. */
export async function cutsOf(live: LiveLogs, { fromMs, fromEarliest }: ResultsFrom): Promise<Cuts> {
  const { config, dataDir, reader, ends } = live;
  const streams = new Map<string, number>();
  const pruned: PrunedStart[] = [];
  for (const { name, partitions } of config.streams) {
    requirePartitions(name, partitions, ends);
    for (const log of logNamesOf(name, partitions)) {
      if (fromEarliest) pruned.push(...(await prunedStartOf(reader, log, ends.get(log) ?? 0)));
      else await requireWhole(reader, log);
      streams.set(log, await cutOf(reader, log, ends.get(log) ?? 0, fromMs));
    }
  }
  const exchanges = new Map<string, number>();
  const planned = new Map(
    exchangesOf(config, knownExchanges(dataDir, nodeSyncFs)).map(({ exchange }) => [exchange.name, exchange]),
  );
  for (const { name } of planned.values()) {
    for (const log of [...ends.keys()].filter((each) => logPlace(each)?.stream === name)) {
      const cut = fromMs === null ? 0 : await exchangeCutOf(log, live, new Map([...streams, ...exchanges]));
      if (cut > 0) exchanges.set(log, cut);
    }
  }
  for (const { derivation, logs } of notedStreams(dataDir, nodeSyncFs).values()) {
    if (derivation.inputs[0].channels.length === 0) continue;
    for (const log of logs) await refuseCommands(log, exchanges.get(log) ?? 0, live);
  }
  return { pruned, streams, exchanges };
}

function requirePartitions(stream: string, partitions: number, ends: ReadonlyMap<string, number>): void {
  const other = logName(stream, partitions);
  if (!ends.has(other)) return;
  const count = [...ends.keys()].filter((log) => logPlace(log)?.stream === stream).length;
  throw refusal(
    other,
    `is a partition that the pipeline file does not have: write \`partitions: ${count}\` for ${stream}`,
  );
}

async function requireWhole(reader: CommitReader, log: string): Promise<void> {
  const start = await reader.startOf(log);
  if (start === 0) return;
  throw refusal(
    log,
    `begins at offset ${start}, since what was before it was pruned: to derive all results anew takes every event. Give --from ` +
      'earliest for the results of the events that are kept, or a copy of the data directory from before the pruning. Nothing ' +
      'was changed.',
  );
}

async function prunedStartOf(reader: CommitReader, log: string, toOffset: number): Promise<PrunedStart[]> {
  const offset = await reader.startOf(log);
  if (offset === 0) return [];
  let committedAt: number | null = null;
  for await (const { commit } of reader.commits(log, { fromOffset: offset, toOffset })) {
    ({ committedAt } = commit);
    break;
  }
  return [{ log, offset, committedAt }];
}

/** The offset of the first commit at or after the time. */
async function cutOf(reader: CommitReader, log: string, toOffset: number, fromMs: number | null): Promise<number> {
  if (fromMs === null || toOffset === 0) return 0;
  const fromOffset = Math.min(await reader.offsetAt(log, fromMs), toOffset);
  for await (const { offset, commit } of reader.commits(log, { fromOffset, toOffset })) {
    if (commit.committedAt >= fromMs) return offset;
  }
  return toOffset;
}

async function exchangeCutOf(
  log: string,
  { reader, ends }: LiveLogs,
  cuts: ReadonlyMap<string, number>,
): Promise<number> {
  const toOffset = ends.get(log) ?? 0;
  let cut = 0;
  if (toOffset === 0) return cut;
  await requireWhole(reader, log);
  for await (const { endOffset, commit } of reader.commits(log, { fromOffset: 0, toOffset })) {
    const kept = cuts.get(commit.source);
    if (kept === undefined || commit.next > kept) return cut;
    cut = endOffset;
  }
  return cut;
}

/** A command to an operator behind an exchange stands in that log alone, at its place among the events there. */
async function refuseCommands(log: string, fromOffset: number, { reader, registry, ends }: LiveLogs): Promise<void> {
  const toOffset = ends.get(log) ?? 0;
  const kept = Math.max(fromOffset, await reader.startOf(log));
  if (toOffset <= kept) return;
  for await (const { offset, commit } of reader.commits(log, { fromOffset: kept, toOffset })) {
    const isCommand = commit.sections.some(
      ({ role, fingerprint }) => role === 'input' && registry.nameOf(fingerprint) === operatorMessageType.name,
    );
    if (!isCommand) continue;
    throw refusal(
      log,
      `has a command to an operator at offset ${offset}, such as a case that was closed or a model that was promoted. Its place ` +
        'is among the events of this log, which is made anew, so it would be lost: give a later --from. Nothing was changed.',
    );
  }
}

function refusal(log: string, message: string): ConfigError {
  return new ConfigError([{ file: log, line: null, column: null, path: '', message }]);
}
