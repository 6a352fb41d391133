/**
 * By what the events of a data directory were derived, and since when: a configuration may change between two runs, and
 * a replay has to change with it.
 */
import { join } from 'node:path';
import type { Config, JoinConfig, StreamConfig, WindowConfig } from '../config/config.ts';
import type { Fs } from '../journal/fs.ts';
import { replaceFile } from '../journal/replace-file.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import type { Derivation } from '../partition/derivation.ts';
import type { DerivationSince } from '../partition/rederive.ts';
import type { WindowSpec } from '../streams/window.ts';

const FILE = 'derivations.json';

export interface Entry {
  readonly derivation: Derivation;
  /** The offset of each log of the stream from which it holds. */
  readonly since: Readonly<Record<string, number>>;
}

/** What the configuration says of a stream that can change what is derived from it. */
export function derivationOf(config: Config, stream: StreamConfig): Derivation {
  const { name, schema, eventTime: timeField, watermark } = stream;
  const { fraud } = config;
  const selections = config.derived
    .filter((derived) => derived.stream === name)
    .map(({ stream: _, ...selection }) => selection);
  return {
    stream: name,
    schema,
    timeField,
    watermark,
    windows: config.windows
      .filter((window) => window.stream === name && !spansPartitions(window, stream))
      .map(windowSpecOf),
    fraud:
      fraud?.stream === name
        ? { sessionGapMs: fraud.sessionGapMs, rules: fraud.rules, caseQuietMs: fraud.caseQuietMs }
        : null,
    ...(selections.length === 0 ? {} : { selections }),
  };
}

/** Of the windows whose groups span partitions, which are derived from the input of all its logs. */
export function repartitionOf(config: Config, stream: StreamConfig): Derivation {
  return {
    stream: repartitionName(stream.name),
    schema: stream.schema,
    timeField: stream.eventTime,
    watermark: stream.watermark,
    channels: logsOf(stream),
    windows: config.windows
      .filter((window) => window.stream === stream.name && spansPartitions(window, stream))
      .map(windowSpecOf),
    fraud: null,
  };
}

/** Of a join, which is derived from the input of both streams' logs. */
export function joinDerivationOf(config: Config, join: JoinConfig): Derivation {
  const [left, right] = [join.left, join.right].map((name) => {
    const stream = config.streams.find((candidate) => candidate.name === name);
    if (stream === undefined) throw new Error(`There is no stream ${name}`);
    const { schema, eventTime: timeField, watermark, key } = stream;
    return { schema, timeField, watermark, key, channels: logsOf(stream) };
  });
  if (left === undefined || right === undefined) throw new Error(`The join ${join.name} has not two sides`);
  const { key: leftKey, ...own } = left;
  return { stream: join.name, ...own, windows: [], fraud: null, join: { spec: join.spec, leftKey, right } };
}

export function logsOf({ name, partitions }: StreamConfig): string[] {
  return Array.from({ length: partitions }, (_, partition) => `${name}-${partition}`);
}

export function repartitionName(stream: string): string {
  return `${stream}.repartition`;
}

/** Whether a result of the window may need events of several partitions. */
export function spansPartitions({ key, top }: WindowConfig, stream: StreamConfig): boolean {
  return stream.partitions > 1 && (key !== stream.key || top !== undefined);
}

export function windowSpecOf({ stream: _, key, ...spec }: WindowConfig): WindowSpec {
  return { ...spec, keyField: key };
}

/** Notes from where on each of these holds, unless that is what was noted last of its stream. Before the first append. */
export async function noteDerivations(
  fs: Fs,
  syncFs: SyncFs,
  dataDir: string,
  derivations: readonly Entry[],
): Promise<void> {
  const entries = readEntries(dataDir, syncFs);
  const changed = derivations.filter(({ derivation, since }) => {
    const own = entries.filter((entry) => entry.derivation.stream === derivation.stream);
    const known = new Set(own.flatMap((entry) => Object.keys(entry.since)));
    const isSame = JSON.stringify(own.at(-1)?.derivation) === JSON.stringify(derivation);
    return !isSame || Object.keys(since).some((log) => !known.has(log));
  });
  if (changed.length === 0) return;
  await replaceFile(fs, dataDir, FILE, [Buffer.from(JSON.stringify([...entries, ...changed]))]);
}

/** What a log's events were derived by, in order of offset; nothing for a log that no derivation is noted of. */
export function derivationHistory(dataDir: string, log: string, fs: SyncFs): DerivationSince[] {
  return readEntries(dataDir, fs).flatMap(({ derivation, since }) => {
    const fromOffset = since[log];
    return fromOffset === undefined ? [] : [{ fromOffset, derivation }];
  });
}

function readEntries(dataDir: string, fs: SyncFs): Entry[] {
  if (!fs.list(dataDir).includes(FILE)) return [];
  return JSON.parse(fs.read(join(dataDir, FILE)).toString('utf8'));
}
