/**
 * A member of a consumer group, as a source sees it. Offsets are numbers: a partition has fewer than 2^53 records.
 * `createGroup` in group-client.ts is one of kafkajs.
 */

export interface FetchedRecord {
  readonly offset: number;
  /** Milliseconds since 1970, of the producer or of the broker, as the topic has it; -1: none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | undefined>>;
  /** It stands in for a record of a batch that can't be read. `batch`: the bytes of that, with the first of its records. */
  readonly damage?: { readonly reason: string; readonly batch: Buffer | null };
}

/** Several where the name stands there several times. */
export type HeaderValue = Buffer | string | readonly (Buffer | string)[];

export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  /** What the fetch asked for. After an offset that is out of range kafkajs asks for another one by itself. */
  readonly fetchedOffset: number;
  readonly records: readonly FetchedRecord[];
  /** Of the last record, also of one that is not shown: of a transaction's markers and of what was aborted. */
  readonly lastOffset: number;
  /** Where the partition ends: one behind its last record. */
  readonly highWatermark: number;
}

export type Partitions = ReadonlyMap<string, readonly number[]>;

/** All of it is called synchronously: nothing is fetched in between. */
export interface GroupListener {
  /** What other members may not take from this one: it has state for these. */
  claims(): Partitions;
  /** The member has what is named here and nothing else, from now on. */
  assigned(assignment: Partitions): void;
  /** Of the group, once the client hears of it. */
  generation(generation: number): void;
  /**
   * `taken`: the next fetch begins behind the batch; `dropped`: it is not wanted, and the listener has said what is;
   * `full`: there is no room, and the same is offered again.
   */
  fetched(batch: FetchedBatch): 'taken' | 'dropped' | 'full';
  /** Resolves once there is room in the partition again. */
  room(topic: string, partition: number): Promise<void>;
  /** It has held up the others for too long: it pauses itself, and resumes once there is room. */
  blocked(topic: string, partition: number): void;
  /** Nothing of these records is shown; the next fetch begins behind them. */
  skipped(topic: string, partition: number, lastOffset: number): void;
  /** A fetch was answered. */
  heard(): void;
}

export interface Committed {
  /** -1: none. */
  readonly offset: number;
  readonly metadata: string | null;
}

export interface Bounds {
  readonly low: number;
  /** One behind the last record. */
  readonly high: number;
}

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Connected from its making until it is closed. */
export interface Group {
  /** All topics of the cluster that this user may see. */
  topics(): Promise<readonly string[]>;
  /** How many partitions each has; rejects where one does not exist. */
  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>>;
  /** What the group has committed in a topic, by partition. */
  committed(topic: string): Promise<ReadonlyMap<number, Committed>>;
  /** Joins the group. Resolves once the member has come to its end, rejects when it gives up. */
  run(topics: readonly string[], listener: GroupListener, signal: AbortSignal): Promise<void>;
  /** The next fetch begins there. This and what follows do nothing once the member has come to its end. */
  seek(topic: string, partition: number, offset: number): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** Rejects when the member is no longer the one that has the partitions. */
  commit(offsets: readonly OffsetToCommit[]): Promise<void>;
  close(): Promise<void>;
}
