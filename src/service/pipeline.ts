/**
 * The part that every way of running shares: the journal, and for each stream its partitions with their windows and
 * other operators. Sources, projections and everything that leaves the process are put around it.
 */
import type { Committed } from '../actors/partition-consumer.ts';
import { createPartitionHost, type PartitionHost } from '../actors/partition-host.ts';
import type { SupervisionPorts } from '../actors/supervisor.ts';
import { BUILTIN_TYPES } from '../builtin-types.ts';
import type { Config } from '../config/config.ts';
import { raisesAlerts } from '../config/sections/checks.ts';
import { logOf } from '../config/sections/relation.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import { noteDerivations } from '../data-directory/derivation-history.ts';
import { derivationOf, graphOf } from '../data-directory/derivations.ts';
import { exchangesOf, knownExchanges } from '../data-directory/exchanges.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import type { LogState } from '../journal/log.ts';
import { type JournalPlace, journalOf, openReader } from '../journal/open-reader.ts';
import type { TornTail } from '../journal/recovery.ts';
import { readSchemaFiles, saveSchemaFiles } from '../journal/schema-files.ts';
import { snapshotStore } from '../journal/snapshots.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { SERVICE_ALERTS } from '../messages/check-facts.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS } from '../messages/operations.ts';
import { createRegistry, type Registry } from '../messages/registry.ts';
import { runChangedType, serviceAlertType } from '../messages/types.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import {
  createPartitionFold,
  type Derivation,
  type DerivationTypes,
  derivationTypes,
  type PartitionFold,
  schemasOf,
} from '../partition/derivation.ts';
import type { BatchPart } from '../partition/divide.ts';
import type { Exchange, ExchangeReading } from '../partition/exchange-route.ts';
import type { Intake } from '../sources/source.ts';
import type { OperatorAnew } from '../streams/operator.ts';
import { WINDOW_AGGREGATOR } from '../streams/operator-kind.ts';
import type { PartitionThreads } from '../workers/partition-threads.ts';
import { createIntake } from './intake.ts';
import type { Children } from './partition-door.ts';
import { createPartitionUnit, type PartitionUnit } from './partition-unit.ts';
import { isOfPipeline } from './pipeline-types.ts';
import { nextTurn, type Platform } from './platform.ts';
import type { Pruning } from './pruning.ts';
import { requireReadable } from './readable-events.ts';
import { requireStartsOf, requireStateOf } from './required-events.ts';

/** Name of the supervisor at the root of every actor. */
export const ROOT = 'millrace';

export interface RunningStream {
  readonly name: string;
  readonly config: StreamConfig | null;
  readonly eventType: EventType<DynamicEvent>;
  /** The streams that the partitions derive, with their types. */
  readonly outputs: ReadonlyMap<string, EventType<unknown>>;
  readonly units: readonly PartitionUnit[];
  readonly intake: Intake;
}

/** Partitions whose logs an exchange reads. It takes their events, or the events that are derived there. */
export interface Upstream {
  readonly units: readonly PartitionUnit[];
  readonly gives: ExchangeReading['gives'];
}

/** A running exchange: its partitions, and what it reads, in the order of its inputs. */
export interface RunningExchange {
  readonly exchange: Exchange;
  readonly upstreams: readonly Upstream[];
  readonly stream: RunningStream;
}

export interface Pipeline {
  readonly journal: Journal;
  /** Where the journal is, for threads and processes that read it. */
  readonly journalPlace: JournalPlace;
  readonly reader: CommitReader;
  readonly registry: Registry;
  readonly streams: ReadonlyMap<string, RunningStream>;
  readonly exchanges: readonly RunningExchange[];
  readonly operations: RunningStream;
  /** The stream of alerts for people; null where nothing raises any. */
  readonly alerts: RunningStream | null;
  /** Every partition of every stream, operations first: the others report to it while they start. */
  readonly units: readonly PartitionUnit[];
  readonly platform: Platform;
  close(): Promise<void>;
}

export interface PipelineOptions {
  readonly supervision: SupervisionPorts;
  readonly platform: Platform;
  /** Where partitions are started and stopped while the service runs. */
  readonly children: Children;
  /** Streams whose partitions are closed until their source opens them. */
  readonly assigned: ReadonlySet<string>;
  readonly pruning: Pruning;
  committed(stream: string, commit: Committed): void;
  snapshotSaved(log: string): Promise<void>;
  onTorn(torn: TornTail): void;
  onLogState(log: string, state: LogState): void;
  onAnew(log: string, operators: readonly OperatorAnew[]): void;
  onSnapshotFailed(log: string, error: unknown): void;
  onDivided(log: string, source: string, parts: readonly BatchPart[]): void;
  onHalted(log: string, reason: string): void;
}

/**
 * Opens the data directory and wires the streams; nothing runs yet. Throws when the directory is in use or damaged, and a
 * ConfigError when a stream's events can't be read by its schema of today.
 */
export async function openPipeline(config: Config, options: PipelineOptions): Promise<Pipeline> {
  const journalPlace = journalOf(config.dataDir);
  const { durability, segmentBytes } = config.journal;
  const { onTorn, platform } = options;
  const { syncFs, ...disk } = platform.disk;
  const reader = openReader(journalPlace, syncFs);
  const journal = await openJournal(journalPlace.directory, {
    ...disk,
    durability,
    segmentBytes,
    onTorn,
    onState: options.onLogState,
    witnesses: projectedOffsets(config.dataDir, platform),
  });
  const snapshots = snapshotStore(journalPlace.directory, { fs: disk.fs });
  const registry = createRegistry(BUILTIN_TYPES);
  const exchanged = knownExchanges(config.dataDir, syncFs);
  const planned = exchangesOf(config, exchanged);
  // The damaged file of a known type is written anew below.
  const isKnown = isOfPipeline(config, planned);
  for (const [fingerprint, json] of readSchemaFiles(config.dataDir, syncFs, isKnown)) registry.learn(fingerprint, json);

  const { threads: threadCount } = config.runtime;
  let threads: PartitionThreads | null = null;
  /** A thread starts only with the first partition that runs in it. */
  const threadsOf = ({ callsUsers }: DerivationTypes): PartitionThreads | null => {
    if (threadCount === 0 && !callsUsers) return null;
    threads ??= platform.startPartitionThreads(Math.max(1, threadCount), config.supervision.stuckAfterMs);
    return threads;
  };
  let hosted = 0;
  const open = async (
    derivation: Derivation,
    stream: StreamConfig | null,
    partitions: number,
  ): Promise<RunningStream> => {
    const name = derivation.stream;
    const types = derivationTypes(derivation, OPERATOR_KINDS);
    const [eventType] = types.inputs;
    const own = schemasOf(types);
    if (stream !== null) await requireReadable(journal, registry, stream, eventType);
    for (const type of own) registry.add(type);
    await saveSchemaFiles(disk.fs, config.dataDir, own);
    const units: PartitionUnit[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const all = derivation === OPERATIONS_DERIVATION ? null : threadsOf(types);
      const host =
        all === null ? hostHere(derivation, types, partition) : hostIn(all, hosted++, { derivation, partition });
      units.push(await openUnit(name, partition, deriversOf(types), host));
    }
    for (const { log } of units) {
      const newFold = (): PartitionFold => createPartitionFold(derivation, types, 0, registry);
      await requireStateOf(log, newFold, { journal, reader, snapshots });
    }
    const since = Object.fromEntries(units.map(({ log }) => [log.name, log.nextOffset()]));
    if (derivation !== OPERATIONS_DERIVATION)
      await noteDerivations(disk.fs, syncFs, config.dataDir, [{ derivation, since }]);
    const outputs = new Map(
      types.operators.flatMap((operator) => operator.types.map((output) => [output.stream, output.type] as const)),
    );
    return { name, config: stream, eventType, outputs, units, intake: createIntake(name, units) };
  };
  const hostHere = (derivation: Derivation, types: DerivationTypes, partition: number) => () => {
    const newFold = (): PartitionFold =>
      createPartitionFold(derivation, types, partition, registry, config.http.idempotency);
    return createPartitionHost({
      fold: newFold(),
      newFold,
      writerOf: registry.writerOf,
      commits: (fromOffset, toOffset) =>
        reader.commits(logName(derivation.stream, partition), { fromOffset, toOffset }),
      nextTurn: () => nextTurn(platform),
      ...(platform.elapsedMs && { elapsedMs: platform.elapsedMs }),
    });
  };
  const hostIn = (all: PartitionThreads, thread: number, hosted: { derivation: Derivation; partition: number }) => () =>
    all.open(thread, { ...hosted, dataDir: config.dataDir, journal: journalPlace, requests: config.http.idempotency });
  const openUnit = async (
    name: string,
    partition: number,
    derivers: readonly string[],
    newHost: () => PartitionHost,
  ): Promise<PartitionUnit> => {
    return createPartitionUnit({
      newHost,
      derivers,
      log: await journal.openLog(logName(name, partition)),
      snapshots,
      stream: name,
      queueBatches: config.runtime.queueBatches,
      lingerMs: config.runtime.lingerMs,
      quarantineAfter: config.supervision.quarantineAfter,
      writerOf: registry.writerOf,
      snapshotEveryEvents: config.journal.snapshotEveryEvents,
      snapshotEveryMs: config.journal.snapshotEveryMs,
      supervision: options.supervision,
      children: options.children,
      opensAtStart: !options.assigned.has(name),
      parent: ROOT,
      platform,
      committed: (commit) => options.committed(name, commit),
      snapshotSaved: options.pruning.behind(snapshots, options.snapshotSaved),
      onAnew: options.onAnew,
      onSnapshotFailed: options.onSnapshotFailed,
      onDivided: options.onDivided,
      onHalted: options.onHalted,
    });
  };

  await saveSchemaFiles(disk.fs, config.dataDir, BUILTIN_TYPES);
  const operations = await open(OPERATIONS_DERIVATION, null, 1);
  const alerts = raisesAlerts(config) ? await open(ALERTS_DERIVATION, null, 1) : null;
  const streams = new Map<string, RunningStream>();
  const opened = new Map<string, RunningStream>();
  for (const stream of config.streams) {
    const running = await open(derivationOf(config, stream), stream, stream.partitions);
    streams.set(stream.name, running);
    opened.set(stream.name, running);
  }
  const { relations } = graphOf(config, exchanged);
  const logsOf = new Map(relations.all.map((relation) => [relation.name, logOf(relation)] as const));
  /** An operator's output is in the logs of the stream whose partitions derive it. */
  const upstreamOf = (name: string): Upstream[] => {
    const running = opened.get(logsOf.get(name) ?? name);
    if (running === undefined) return [];
    const { eventType, outputs, units } = running;
    const beside = relations.all.find((relation) => relation.name === name && relation.isBeside === true);
    if (beside !== undefined) return [{ units, gives: { role: 'input', type: dynamicEventType(beside.schema) } }];
    const type = outputs.get(name);
    return [{ units, gives: type === undefined ? { role: 'input', type: eventType } : { role: 'derived', type } }];
  };
  const exchanges: RunningExchange[] = [];
  for (const { exchange, derivation } of planned) {
    const upstreams = exchange.inputs.flatMap((input) => upstreamOf(input.stream));
    if (exchanged.partitionsOf(exchange.name) === undefined) {
      const logs = upstreams.flatMap((stream) => stream.units.map(({ log }) => log));
      await requireStartsOf(derivation.operators, logs, { journal, reader, snapshots });
    }
    const stream = await open(derivation, null, exchange.partitions);
    exchanges.push({ exchange, upstreams, stream });
    opened.set(exchange.name, stream);
  }
  const running = [operations, ...(alerts === null ? [] : [alerts]), ...opened.values()];
  const units = running.flatMap((stream) => stream.units);
  const close = async (): Promise<void> => {
    await threads?.close();
    await journal.close();
  };
  return { journal, journalPlace, reader, registry, streams, exchanges, operations, alerts, units, platform, close };
}

/** The actors that drive the operators, in the operators' order; without operators one actor that drives none. */
function deriversOf({ operators }: DerivationTypes): readonly string[] {
  const actors = new Set(operators.map(({ actor }) => actor));
  return actors.size === 0 ? [WINDOW_AGGREGATOR] : [...actors];
}

const OPERATIONS_DERIVATION = ownDerivation(OPERATIONS, runChangedType.schema, 'changedAt');
const ALERTS_DERIVATION = ownDerivation(SERVICE_ALERTS, serviceAlertType.schema, 'at');

/** The derivation of a stream that the service writes itself. */
function ownDerivation(stream: string, schema: AvroRecord, timeField: string): Derivation {
  const watermark = { kind: 'bounded', outOfOrdernessMs: 0 } as const;
  return { stream, inputs: [{ stream, schema, timeField, watermark, channels: [] }], operators: [] };
}

/** Read once, and only when the first log is opened: by then the directory is this process's own. */
function projectedOffsets(dataDir: string, platform: Platform): (log: string) => number {
  let offsets: ReadonlyMap<string, number> | null = null;
  return (log) => {
    offsets ??= platform.projectedOffsets?.(dataDir) ?? new Map();
    return offsets.get(log) ?? 0;
  };
}
