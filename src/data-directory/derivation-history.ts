/**
 * By what the events of a data directory were derived, and since when: a configuration may change between two runs, and
 * a replay has to change with it.
 */
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { relationsOf } from '../config/sections/joins.ts';
import { isWithinPartition, type OperatorConfig } from '../config/sections/operators.ts';
import type { Relation } from '../config/sections/relation.ts';
import { readBy } from '../config/sections/relation.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { WindowConfig } from '../config/sections/windows.ts';
import type { Fs } from '../journal/fs.ts';
import { replaceFile } from '../journal/replace-file.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { DOMAIN_OPERATORS } from '../operator-kinds.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { DerivationSince } from '../partition/rederive.ts';
import { derivedKind } from '../streams/derived-operator.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import type { ViewSpec } from '../streams/selection.ts';
import { windowKind } from '../streams/window-operator.ts';
import { userOperatorKind } from '../user-code/user-operator-kind.ts';
import { derivationOfEarlier, type EarlierDerivation } from './earlier-derivations.ts';

const FILE = 'derivations.json';

export interface Entry {
  readonly derivation: Derivation;
  /** The offset of each log of the stream from which it holds. */
  readonly since: Readonly<Record<string, number>>;
}

/** What the configuration says of a stream that can change what is derived from it. */
export function derivationOf(config: Config, stream: StreamConfig): Derivation {
  const { name, expectations } = stream;
  const derived = config.derived.filter((each) => each.stream === name);
  return {
    stream: name,
    inputs: [inputOfLogs(stream, [])],
    operators: [
      ...ownWindows(config, name),
      ...derived.map(({ stream: _, ...selection }) => derivedKind.of(selection.name, selection)),
      ...DOMAIN_OPERATORS.flatMap((operatorsOf) => operatorsOf(config, name)),
      ...config.operators
        .filter((each) => Object.hasOwn(each.input, name) && isWithinPartition(each, config.streams))
        .map(userOperatorOf),
    ],
    ...(isLogRead(config, name) ? { isRead: true as const } : {}),
    ...(expectations.length === 0 ? {} : { expectations }),
  };
}

/** Whether a window, a join or an operator is of what operators give into these logs. */
export function isLogRead(config: Config, log: string): boolean {
  const names = new Set(allRelations(config).flatMap((relation) => (relation.log === log ? [relation.name] : [])));
  return (
    config.windows.some(({ stream }) => names.has(stream)) ||
    config.joins.some(({ left, right }) => names.has(left) || names.has(right))
  );
}

export function userOperatorOf({ name, outputs: _, ...spec }: OperatorConfig): OperatorSpec {
  return userOperatorKind.of(name, spec);
}

/** The events of a relation, as a partition takes them in from logs; from its own source where there are none. */
export function inputOfLogs(
  { name, schema, eventTime, watermark }: Relation,
  channels: readonly string[],
): DerivationInput {
  return { stream: name, schema, timeField: eventTime, watermark, channels };
}

/** Of the windows that read the logs of a stream those whose groups lie within one of its partitions. */
function ownWindows(config: Config, stream: string): OperatorSpec[] {
  const relations = allRelations(config);
  return config.windows.flatMap((window) => {
    const relation = relations.find(({ name }) => name === window.stream);
    if (relation === undefined || readBy(relation).name !== stream) return [];
    return spansPartitions(window, relation) ? [] : [windowOf(window, relation)];
  });
}

export function allRelations({ streams, derived, operators, joins }: Config): Relation[] {
  return relationsOf(streams, derived, operators, joins);
}

/** Whether a result of the window may need events of several partitions. */
export function spansPartitions({ key, top }: WindowConfig, stream: Relation): boolean {
  return stream.partitions > 1 && (key === null || key !== stream.key || top !== undefined);
}

export function windowOf({ stream: _, key, ...spec }: WindowConfig, relation: Relation): OperatorSpec {
  const of = viewOf(relation);
  return windowKind.of(spec.name, { ...spec, keyField: key, ...(of === undefined ? {} : { of }) });
}

export function viewOf({ view }: Relation): ViewSpec | undefined {
  return view === undefined ? undefined : { selection: view.selection, schema: view.of.schema };
}

/** Notes from where on each of these holds, unless that is what was noted last of its stream. Before the first append. */
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

/** They decide what is taken, and that is in the log: another expectation derives nothing else from it. */
function withoutExpectations({ derivation: { expectations: _, ...derivation }, since }: Entry): Entry {
  return { derivation, since };
}

/** What a log's events were derived by, in order of offset; nothing for a log that no derivation is noted of. */
export function derivationHistory(dataDir: string, log: string, fs: SyncFs): DerivationSince[] {
  return readNoted(dataDir, fs).flatMap((noted) => {
    const { derivation, since } = entryOf(noted);
    const fromOffset = since[log];
    return fromOffset === undefined
      ? []
      : [{ fromOffset, derivation, newBegin: isEarlier(noted) ? 'here' : 'at-start' }];
  });
}

/** What was noted last of each stream, and the logs that anything was noted of. */
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

/** An entry as it stands in the file, of this version or of an earlier one. */
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
