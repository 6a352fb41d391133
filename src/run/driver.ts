/**
 * The pipeline under a test's control: one step at a time, each durable before the next, on a clock that only the test
 * moves. It is the whole service, with its journal, actors and read models, and no sources or sinks.
 */
import type { Config } from '../config/config.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { Logger } from '../logger.ts';
import type { Block } from '../messages/block.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { logName } from '../messages/log-name.ts';
import type { InputBlock, Origins } from '../messages/origins.ts';
import type { DeadLetter, FilePosition, Tombstone } from '../messages/streams.ts';
import { deadLetterType, filePositionType, tombstoneType } from '../messages/types.ts';
import { addCounts, type Counts, noCounts } from '../service/counts.ts';
import { flushStreams } from '../service/flush.ts';
import { controlBlock, createStreamTime, IDLENESS, type StreamTime } from '../service/idleness.ts';
import type { RunningStream } from '../service/pipeline.ts';
import { nodePlatform, type Platform } from '../service/platform.ts';
import { type Service, startService } from '../service.ts';
import { ENDED, type Resumed } from '../sources/known-file.ts';
import type { ConsumedPrefix } from '../sources/prefix-hash.ts';
import { OtherFileError } from '../sources/source.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { START_OF_TIME_MS } from '../streams/watermark.ts';

export interface DriverOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Under which the steps' positions stand in the journal: steps that it holds already are left out. */
  readonly source: string;
}

export interface ScriptPartition {
  readonly stream: string;
  readonly partition: number;
  readonly position: number;
  readonly known: readonly FilePosition[];
  /** An end of input of an earlier version has closed its windows for good. */
  readonly hasEnded: boolean;
}

export interface Driver {
  /** Where each partition of the streams is in what the steps come from; `known` as far as the journal says so. */
  readonly partitions: readonly ScriptPartition[];
  /** The steps go on behind these positions, by partition, and each commit says where in a file that is. */
  goOn(resumed: Resumed, prefix: () => ConsumedPrefix): void;
  /** The steps from here on have this position. A position is used by one step, and they rise. */
  at(position: number): void;
  /** Whether the journal had this position, of any partition, before the driver was started. */
  isBehind(position: number): boolean;
  /** Whether a partition had it. Throws an OtherFileError for one that would be late for ever. */
  hadAlready(stream: string, partition: number, position: number): boolean;
  stream(name: string): RunningStream;
  /** The partition that the event's key decides. */
  partitionOf(stream: string, event: DynamicEvent): number;
  partitionOfKey(stream: string, key: string | number): number;
  /** Events and dead letters of one partition, in one commit. Resolves when there is room for more. */
  pipe(
    stream: string,
    partition: number,
    events: readonly DynamicEvent[],
    origins: Origins,
    letters: readonly DeadLetter[],
  ): Promise<void>;
  /** A row of a table is gone, in a commit of its own. */
  remove(stream: string, partition: number, tombstone: Tombstone): Promise<void>;
  /** Whether the order in which events of several streams come can show in results. */
  readonly hasJoins: boolean;
  /** Of one partition, or of all. */
  advanceWatermark(stream: string, watermarkMs: number, partition?: number): Promise<void>;
  setIdle(stream: string, partition: number, isIdle: boolean): Promise<void>;
  /** Processing time goes on; what is due by then is done. */
  advanceClock(byMs: number): Promise<void>;
  /** Every partition takes a snapshot now. */
  snapshot(): Promise<void>;
  /** Ends everything without an orderly stop, and recovers from the disk. */
  restart(): Promise<void>;
  /** The input has ended: all that is open is given, and stays open. */
  endOfInput(): Promise<void>;
  /** Resolves once everything so far is durable, and the windows of idle partitions have followed their stream. */
  settle(): Promise<void>;
  time(stream: string): StreamTime;
  /** Since the driver was started. */
  counts(): Counts;
  service(): Service;
  /** Projects what was taken in, and closes everything. */
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
  /** By partition: records that it has. */
  let had: number[] = [];
  let prefixNow: (() => ConsumedPrefix) | null = null;
  let position = 0;
  let pending: Promise<void>[] = [];

  async function open(): Promise<Service> {
    const started = await startService({ config, logger, version: '', attach: () => [], platform });
    const failure = await Promise.race([started.ready.then(() => null), started.failed]);
    if (failure === null) return started;
    await started.stop();
    throw failure;
  }
  function timesOf(running: Service): Map<string, StreamTime> {
    return new Map([...running.pipeline.streams].map(([name, stream]) => [name, createStreamTime(stream, nowMs)]));
  }
  function scriptPartitions(): ScriptPartition[] {
    return [...service.pipeline.streams.values()].flatMap(({ name, intake, units }) =>
      units.map((unit, partition) => ({
        stream: name,
        partition,
        position: unit.position(source),
        known: unit.files(),
        hasEnded: intake.hasEnded(partition),
      })),
    );
  }
  function indexOf(name: string, partition: number): number {
    const index = placeOf.get(logName(name, partition));
    if (index === undefined) throw new Error(`There is no partition ${partition} of ${name}`);
    return index;
  }
  /** Behind the other blocks of a commit of the script. */
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
    // Whoever settles hears of it.
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
      for (const { partition, control, watermarkMs } of time.decide(nowMs)) {
        deliver(name, partition, [controlBlock(control, watermarkMs)], IDLENESS);
      }
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
    partitionOf: (name, event) => partitionOfEvent(stream(name), event),
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
      await durable();
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

function partitionOfEvent({ config, units }: RunningStream, event: DynamicEvent): number {
  const key = event[keyOf(config)];
  return partitionOf(typeof key === 'number' || typeof key === 'string' ? key : JSON.stringify(key), units.length);
}

function keyOf(config: StreamConfig | null): string {
  return config?.key ?? '';
}
