/**
 * One partition of a topic on its way into its log. The group's member hands over what it fetched and never waits; the lane
 * decodes it and delivers it at the pace of the log. A batch is taken only where it begins at the expected offset,
 * because kafkajs may fetch from elsewhere by itself: after an offset out of range, or between two generations of the group.
 *
 *   opening ──► running ──► halted        held: its state lies in another data directory
 *      └──► held, halted
 */
import type { FetchedBatch, FetchedRecord, Group } from '../../kafka/group.ts';
import type { InputBlock } from '../../messages/origins.ts';
import type { TopicPosition } from '../../messages/streams.ts';
import type { Handover } from '../../messages/trace-context.ts';
import { topicPositionType } from '../../messages/types.ts';
import type { Intake } from '../source.ts';
import { type KnownRecord, knownBy } from './known-record.ts';
import { createLagWatch, type LagState } from './lag.ts';
import type { RecordBlocks } from './record-blocks.ts';
import type { KnownSchemas } from './record-values.ts';
import { otherTopicMessage } from './start-place.ts';

export type LaneState = 'opening' | 'running' | 'held' | 'halted';

export interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly signal: AbortSignal;
  state(): LaneState;
  /** In words for people; null when nothing is wrong. */
  problem(): string | null;
  setProblem(problem: string | null): void;
  /** The log has everything before it. */
  durable(): number;
  /** What Kafka is to be told of; null when it knows that. */
  toTell(): number | null;
  /** Kafka was told an offset, or has forgotten what it was told. */
  told(offset: number | null): void;
  /** Where the partition ends, as was heard last. */
  end(): number;
  lag(): LagState;
  /** Told of the end of the partition, at equal intervals. */
  heardEnd(end: number): void;
  /** The first offset that was not fetched yet. */
  needed(): number;
  /** Goes on at an offset; `check` is the record by which the topic must be known again. */
  begin(at: number, check: KnownRecord | null): void;
  /** Goes on behind what was fetched, or farther on. `low`: where the partition begins. */
  goOn(from: number, low: number): void;
  stop(state: 'held' | 'halted', problem: string): void;
  /** The member has joined anew: the next fetch begins where the lane is. */
  seekAgain(): void;
  fetched(batch: FetchedBatch): 'taken' | 'dropped' | 'full';
  skipped(lastOffset: number): void;
  room(): Promise<void>;
  /** Delivers nothing more. Resolves once a delivery that waits has ended, for which its partition may have to be closed. */
  close(): Promise<void>;
}

export interface LanePorts {
  readonly topic: string;
  readonly partition: number;
  /** Name of the source in the log. */
  readonly source: string;
  readonly groupId: string;
  readonly intake: Intake;
  readonly blocks: RecordBlocks;
  readonly group: Pick<Group, 'seek' | 'pause' | 'resume'>;
  /** Schemas of these ids. Tells of what it waits for, and tries again until the signal aborts. */
  schemas(ids: ReadonlySet<number>, tell: (problem: string | null) => void, signal: AbortSignal): Promise<KnownSchemas>;
  generation(): number;
  /** Where records come from in traces; absent where nobody traces. */
  readonly traceOf?: ((records: readonly FetchedRecord[]) => Handover | undefined) | undefined;
  /** What is fetched does not go on where it should: it must be seen why. */
  strayed(lane: Lane): void;
  failed(error: Error): void;
}

/** A part of a fetched batch that becomes one commit. */
interface Piece {
  /** Null until the schemas that the records name are known. */
  readonly blocks: readonly InputBlock[] | null;
  readonly records: readonly FetchedRecord[];
  readonly schemaIds: ReadonlySet<number>;
  readonly position: TopicPosition;
  readonly trace: Handover | undefined;
}

const NO_SCHEMAS: KnownSchemas = new Map();
/** Fetched batches that wait for their log. */
const QUEUE_BATCHES = 4;
/** Records that become one commit, so that the event loop breathes between two. */
const CHUNK_RECORDS = 4096;

export function createLane(ports: LanePorts): Lane {
  const { topic, partition, source, groupId, intake, group } = ports;
  const abort = new AbortController();
  const lagWatch = createLagWatch();
  let state: LaneState = 'opening';
  let problem: string | null = null;
  /** The next fetch must begin here: at what is needed, or at the record by which the topic must be known again. */
  let expected = 0;
  let needed = 0;
  /** Records before it are in the log or on their way there, or were never wanted. */
  let wanted = 0;
  let durable = 0;
  let known: number | null = null;
  let end = 0;
  let check: KnownRecord | null = null;
  /** The record that was fetched last. */
  let tail: KnownRecord | null = null;
  let queue: (readonly Piece[])[] = [];
  let wake = (): void => {};
  let rooms: (() => void)[] = [];

  function madeRoom(): void {
    const waiting = rooms;
    rooms = [];
    for (const resolve of waiting) resolve();
  }

  function stop(to: 'held' | 'halted', why: string): void {
    state = to;
    problem = why;
    queue = [];
    madeRoom();
    group.pause(topic, partition);
  }

  function goesOn(): boolean {
    return state !== 'halted' && state !== 'held' && !abort.signal.aborted;
  }

  /** Whether the topic is the one that was read before. */
  function isKnownAgain([first]: readonly FetchedRecord[]): boolean {
    const known = check;
    if (known === null || first === undefined) return true;
    check = null;
    // Compacted or expired meanwhile: there is nothing to compare.
    if (first.offset !== known.lastOffset) return true;
    const { lastCrc, lastTimestamp } = knownBy(first);
    return lastCrc === known.lastCrc && lastTimestamp === known.lastTimestamp;
  }

  /**
   * Records that are new, in pieces of a commit each. They are decoded at once where that needs no registry: an object that
   * dies soon costs the collector little, and kafkajs makes several for each record.
   */
  function piecesOf({ records, lastOffset }: FetchedBatch): Piece[] {
    const fresh = records.filter(({ offset }) => offset >= wanted);
    const pieces: Piece[] = [];
    for (let at = 0; at < fresh.length; at += CHUNK_RECORDS) {
      const chunk = fresh.slice(at, at + CHUNK_RECORDS);
      const last = chunk.at(-1);
      if (last === undefined) break;
      const next = at + CHUNK_RECORDS >= fresh.length ? lastOffset + 1 : last.offset + 1;
      const schemaIds = ports.blocks.schemaIds(chunk);
      const isDecoded = schemaIds.size === 0;
      const blocks = isDecoded ? ports.blocks.blocksOf(source, chunk, NO_SCHEMAS) : null;
      const records = isDecoded ? [] : chunk;
      const generation = ports.generation();
      const position = { topic, partition, from: wanted, next, group: groupId, generation, ...knownBy(last) };
      pieces.push({ blocks, records, schemaIds, position, trace: ports.traceOf?.(chunk) });
      wanted = next;
    }
    return pieces;
  }

  async function deliver({ blocks: decoded, records, schemaIds, position, trace }: Piece): Promise<void> {
    const { next } = position;
    let blocks = decoded;
    if (blocks === null) {
      const schemas = await ports.schemas(schemaIds, tell, abort.signal);
      blocks = ports.blocks.blocksOf(source, records, schemas);
    }
    await intake.deliver(partition, {
      source,
      next,
      blocks: [...blocks, topicPositionType.encodeBlock([position])],
      ...(trace === undefined ? {} : { trace }),
      onDurable() {
        durable = Math.max(durable, next);
      },
      onRejected(reason) {
        if (!abort.signal.aborted) ports.failed(reason);
      },
    });
  }

  function tell(what: string | null): void {
    if (state === 'running') problem = what;
  }

  async function work(): Promise<void> {
    while (!abort.signal.aborted) {
      const [batch] = queue;
      if (batch === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for (const piece of batch) if (goesOn()) await deliver(piece);
      // What stopped the lane has emptied the queue.
      if (queue[0] === batch) queue.shift();
      madeRoom();
    }
  }

  const ended = work().catch((error: Error) => {
    if (!abort.signal.aborted) ports.failed(error);
  });

  const lane: Lane = {
    topic,
    partition,
    signal: abort.signal,
    state: () => state,
    problem: () => problem,
    setProblem(what) {
      problem = what;
    },
    durable: () => durable,
    toTell: () => (state === 'running' && known !== durable ? durable : null),
    told(offset) {
      known = offset;
    },
    end: () => end,
    lag: lagWatch.state,
    heardEnd(heard) {
      end = heard;
      if (state === 'running') lagWatch.sample(durable, heard);
    },
    needed: () => needed,
    begin(at, record) {
      check = record;
      wanted = at;
      durable = at;
      needed = at;
      expected = record === null ? at : record.lastOffset;
      state = 'running';
      problem = null;
      group.seek(topic, partition, expected);
      group.resume(topic, partition);
    },
    goOn(from, low) {
      const last = tail ?? check;
      // A record that is gone by now can't be fetched again.
      check = last !== null && from === needed && last.lastOffset >= low ? last : null;
      needed = from;
      expected = check?.lastOffset ?? from;
      state = 'running';
      problem = null;
      group.seek(topic, partition, expected);
      group.resume(topic, partition);
    },
    stop,
    seekAgain() {
      if (state === 'running') group.seek(topic, partition, expected);
      else group.pause(topic, partition);
    },
    fetched(batch) {
      if (state !== 'running') return 'dropped';
      if (batch.fetchedOffset !== expected) {
        state = 'opening';
        group.pause(topic, partition);
        ports.strayed(lane);
        return 'dropped';
      }
      end = batch.highWatermark;
      if (queue.length >= QUEUE_BATCHES) return 'full';
      const before = check;
      if (before !== null && !isKnownAgain(batch.records)) {
        stop('halted', otherTopicMessage(topic, partition, before.lastOffset));
        return 'dropped';
      }
      const last = batch.records.at(-1);
      if (last !== undefined) tail = knownBy(last);
      queue.push(piecesOf(batch));
      expected = batch.lastOffset + 1;
      needed = Math.max(needed, expected);
      wake();
      return 'taken';
    },
    skipped(lastOffset) {
      if (state !== 'running') return;
      expected = Math.max(expected, lastOffset + 1);
      needed = Math.max(needed, expected);
    },
    room: () => (queue.length < QUEUE_BATCHES ? Promise.resolve() : new Promise((resolve) => rooms.push(resolve))),
    close() {
      abort.abort(new Error(`${topic}/${partition} was given up`));
      wake();
      madeRoom();
      return ended;
    },
  };
  return lane;
}
