/**
 * Runs the pipeline under a test's control: one step at a time, each durable before the next, on a clock that only the test
 * moves. It is the whole service, with journal, actors and read models, but without sources and sinks.
 */
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import type { Block } from '../messages/block.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { logName } from '../messages/log-name.ts';
import type { InputBlock, Origins } from '../messages/origins.ts';
import type { DeadLetter, FilePosition, Tombstone } from '../messages/streams.ts';
import { deadLetterType, filePositionType, tombstoneType } from '../messages/types.ts';
import { addCounts, type Counts, noCounts } from '../service/counts.ts';
import { flushStreams } from '../service/flush.ts';
import { controlBlock, createStreamTime, IDLENESS, readWith, type StreamTime } from '../service/idleness.ts';
import type { RunningStream } from '../service/pipeline.ts';
import { nodePlatform, type Platform } from '../service/platform.ts';
import { type Service, startService } from '../service.ts';
import { ENDED, type Resumed } from '../sources/known-file.ts';
import type { ConsumedPrefix } from '../sources/prefix-hash.ts';
import { OtherFileError } from '../sources/source.ts';
import { eventKey } from '../streams/field-key.ts';
import { partitionOf, partitionOfEventKey } from '../streams/partitioner.ts';
import { START_OF_TIME_MS } from '../streams/watermark.ts';

export interface DriverOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** The source's name for the steps' positions in the journal. Steps that the journal holds are left out. */
  readonly source: string;
}

export interface ScriptPartition {
  readonly stream: string;
  readonly partition: number;
  readonly position: number;
  readonly known: readonly FilePosition[];
  /** Whether an earlier version's end of input has closed the windows for good. */
  readonly hasEnded: boolean;
}

export interface Driver {
  /** The position of each partition of the streams, as far as the journal knows it. */
  readonly partitions: readonly ScriptPartition[];
  /** Continues behind these positions, by partition. Each commit then says where in a file it is. */
  goOn(resumed: Resumed, prefix: () => ConsumedPrefix): void;
  /** Sets the position of the next step. Positions rise, and each belongs to one step. */
  at(position: number): void;
  /** Whether the journal had this position, in any partition, before the driver was started. */
  isBehind(position: number): boolean;
  /** Whether a partition had the position. Throws an OtherFileError for a step that would be late for ever. */
  hadAlready(stream: string, partition: number, position: number): boolean;
  stream(name: string): RunningStream;
  /** The partition of the event's key. */
  partitionOf(stream: string, event: DynamicEvent): number;
  partitionOfKey(stream: string, key: Tombstone['key']): number;
  /** Commits events and dead letters of one partition together. Resolves when there is room for more. */
  pipe(
    stream: string,
    partition: number,
    events: readonly DynamicEvent[],
    origins: Origins,
    letters: readonly DeadLetter[],
  ): Promise<void>;
  /** Deletes a row of a table, in a commit of its own. */
  remove(stream: string, partition: number, tombstone: Tombstone): Promise<void>;
  /** Whether results can depend on the order of events of several streams. */
  readonly hasJoins: boolean;
  /** Advances the watermark of one partition, or of all. */
  advanceWatermark(stream: string, watermarkMs: number, partition?: number): Promise<void>;
  setIdle(stream: string, partition: number, isIdle: boolean): Promise<void>;
  /** Moves processing time on, and does what is due by then. */
  advanceClock(byMs: number): Promise<void>;
  /** Every partition takes a snapshot now. */
  snapshot(): Promise<void>;
  /** Ends everything without an orderly stop, and recovers from the disk. */
  restart(): Promise<void>;
  /** Ends the input: everything open is given, and stays open. */
  endOfInput(): Promise<void>;
  /** Resolves once everything so far is durable, and the windows of idle partitions have followed their stream. */
  settle(): Promise<void>;
  time(stream: string): StreamTime;
  /** Counts since the driver was started. */
  counts(): Counts;
  service(): Service;
  /** Projects everything committed, and closes. */
  stop(): Promise<void>;
}

/** Commits that may wait for the disk before the next step does. */
const MAX_PENDING = 32;

export async function startDriver(options: DriverOptions): Promise<Driver> {
  const { config, logger, source } = options;
  let nowMs = 0;
  const platform: Platform = { ...nodePlatform, nowMs: () => nowMs };
  const before = noCounts();
  let service = await open();
  let times = timesOf(service);
  const partitions = scriptPartitions();
  const placeOf = new Map(partitions.map(({ stream: name, partition }, i) => [logName(name, partition), i]));
  let behind: readonly number[] = partitions.map((own) => own.position);
  /** How many records each partition has. */
  let had: number[] = [];
  let prefixNow: (() => ConsumedPrefix) | null = null;
  let position = 0;
  let pending: Promise<void>[] = [];
  const keys = new Map<string, ReturnType<typeof eventKey>>();

  async function open(): Promise<Service> {
    const started = await startService({ config, logger, version: '', attach: () => [], platform });
    const failure = await Promise.race([started.ready.then(() => null), started.failed]);
    if (failure === null) return started;
    await started.stop();
    throw failure;
  }
  function timesOf(running: Service): Map<string, StreamTime> {
    const { streams, exchanges } = running.pipeline;
    return new Map(
      [...streams].map(([name, stream]) => [name, createStreamTime(stream, nowMs, readWith(stream, exchanges))]),
    );
  }
  function scriptPartitions(): ScriptPartition[] {
    return [...service.pipeline.streams.values()].flatMap(({ name, intake, units }) =>
      units.map((unit, partition) => ({
        stream: name,
        partition,
        position: unit.position(source),
        known: unit.places().files,
        hasEnded: intake.hasEnded(partition),
      })),
    );
  }
  function indexOf(name: string, partition: number): number {
    const index = placeOf.get(logName(name, partition));
    if (index === undefined) throw new Error(`There is no partition ${partition} of ${name}`);
    return index;
  }
  /** The blocks that say where in the script a commit is; they come last in it. */
  function placeBlocks(index: number): Block[] {
    if (prefixNow === null) return [];
    const records = had[index] ?? 0;
    const place = {
      path: source,
      partitions: partitions.length,
      lines: position,
      records,
      isCut: false,
      ...prefixNow(),
    };
    return [filePositionType.encodeBlock([place])];
  }
  function stream(name: string): RunningStream {
    const found = service.pipeline.streams.get(name);
    if (found === undefined) throw new Error(`There is no stream ${name}`);
    return found;
  }
  function deliver(name: string, partition: number, blocks: readonly InputBlock[], from = source): void {
    const durable = new Promise<void>((resolve, reject) => {
      const place = from === source ? placeBlocks(indexOf(name, partition)) : [];
      const own = [...blocks, ...place];
      const batch = { source: from, next: position, blocks: own, onDurable: () => resolve(), onRejected: reject };
      stream(name).intake.deliver(partition, batch).catch(reject);
    });
    // settle() reports the error.
    durable.catch(() => {});
    pending.push(durable);
  }
  async function durable(): Promise<void> {
    const waited = pending;
    pending = [];
    await untilFailed(settled(waited));
  }
  async function untilFailed(done: Promise<unknown>): Promise<void> {
    const failure = await Promise.race([done.then(() => null), service.failed]);
    if (failure !== null) throw failure;
  }
  async function settled(waited: readonly Promise<void>[]): Promise<void> {
    await Promise.all(waited);
    await service.settled();
  }
  async function settle(): Promise<void> {
    await durable();
    for (const [name, time] of times) {
      for (const { partition, block } of time.decide(nowMs)) deliver(name, partition, [block], IDLENESS);
    }
    if (pending.length === 0) return;
    await durable();
    for (const time of times.values()) time.decide(nowMs);
  }
  async function control(name: string, partitions: readonly number[], block: Block): Promise<void> {
    for (const partition of partitions) deliver(name, partition, [block]);
    await settle();
  }
  const allOf = (name: string): number[] => [...stream(name).units.keys()];

  return {
    at(next) {
      position = next;
    },
    partitions,
    goOn(resumed, prefix) {
      behind = resumed.positions;
      had = resumed.records.map((records) => records ?? 0);
      prefixNow = prefix;
    },
    isBehind: (step) => step <= Math.max(0, ...behind),
    hadAlready(name, partition, step) {
      const index = indexOf(name, partition);
      if (step <= (behind[index] ?? 0)) return true;
      if (partitions[index]?.hasEnded === true && partitions[index].known.length === 0) {
        throw new OtherFileError(source, ENDED);
      }
      return false;
    },
    stream,
    partitionOf(name, event) {
      const { config: own, units, eventType } = stream(name);
      const keyOf = keys.get(name) ?? eventKey(eventType.schema, own?.key ?? '');
      keys.set(name, keyOf);
      return partitionOfEventKey(keyOf(event), units.length);
    },
    partitionOfKey: (name, key) => partitionOf(key, stream(name).units.length),
    async pipe(name, partition, events, origins, letters) {
      const blocks: InputBlock[] = [];
      if (events.length > 0) blocks.push({ ...stream(name).eventType.encodeBlock(events), origins });
      if (letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
      const index = indexOf(name, partition);
      had[index] = (had[index] ?? 0) + events.length + letters.length;
      if (blocks.length > 0) deliver(name, partition, blocks);
      if (pending.length >= MAX_PENDING) await durable();
    },
    async remove(name, partition, tombstone) {
      deliver(name, partition, [tombstoneType.encodeBlock([tombstone])]);
      await durable();
    },
    hasJoins: config.joins.length > 0,
    advanceWatermark: (name, watermarkMs, partition) =>
      control(name, partition === undefined ? allOf(name) : [partition], controlBlock('watermark', watermarkMs)),
    setIdle: (name, partition, isIdle) =>
      control(name, [partition], controlBlock(isIdle ? 'idle' : 'active', START_OF_TIME_MS)),
    async advanceClock(byMs) {
      await settle();
      nowMs += byMs;
      await settle();
    },
    async snapshot() {
      await durable();
      await Promise.all(service.pipeline.units.map((unit) => unit.saveSnapshot()));
    },
    async restart() {
      await durable();
      addCounts(before, service.observer.counts);
      await service.kill();
      service = await open();
      times = timesOf(service);
    },
    async endOfInput() {
      await durable();
      await untilFailed(flushStreams(service.pipeline.streams.values()));
      await durable();
    },
    settle,
    time(name) {
      const time = times.get(name);
      if (time === undefined) throw new Error(`There is no stream ${name}`);
      return time;
    },
    counts() {
      const counts = noCounts();
      addCounts(counts, before);
      addCounts(counts, service.observer.counts);
      return counts;
    },
    service: () => service,
    stop: () => service.stop(),
  };
}
