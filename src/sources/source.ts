/**
 * The port of every source. A source opens the partitions that it serves: all partitions of its stream, or those that
 * are assigned to it while it runs, as by a consumer group. It delivers batches to open partitions and never waits for
 * a commit. `deliver` resolves when the partition has room; that is the backpressure.
 */
import type { InputBlock } from '../messages/origins.ts';
import type { CallCutOff, FilePosition, RequestPart, TopicPosition } from '../messages/streams.ts';
import type { TablePosition } from '../messages/table-position.ts';
import type { Handover } from '../messages/trace-context.ts';

/** What a source hands to one partition, and where the source stands once that is committed. */
export interface Batch {
  /** Stable name of the source, under which its position is kept in the log. */
  readonly source: string;
  /**
   * The source's position for this partition after this batch. A batch that is not beyond what the log holds came before
   * and is acknowledged, not committed. Null for a source that delivers nothing twice: the partition counts its events.
   */
  readonly next: number | null;
  /** Blocks of the stream's events, labels, controls and dead letters, in the order in which they take effect. */
  readonly blocks: readonly InputBlock[];
  /** The request with a key that it is a part of: the partition notes in the same commit that it has it. */
  readonly request?: RequestPart;
  /** Calls of users' code that did not return where the batch was made: its partition does not make them. */
  readonly cutOffs?: readonly CallCutOff[];
  /** Where what is in it comes from in traces; absent where nobody traces. */
  readonly trace?: Handover;
  /** Called once, after the commit is on disk. */
  readonly onDurable?: (commit: { readonly firstOffset: number; readonly count: number }) => void;
  /** Called instead of onDurable when the batch will not be committed. */
  readonly onRejected?: (reason: Error) => void;
}

/** Where a source delivers to: the partitions of one stream. */
export interface Intake {
  readonly stream: string;
  /** How many there are, open or not. */
  readonly partitions: number;
  /**
   * Resolves once the partition has recovered: then it has a position, and takes batches. One that is open already stays
   * so. Rejects when that can't be, or when the signal aborts first.
   */
  open(partition: number, signal: AbortSignal): Promise<void>;
  /**
   * Resolves once everything that was handed over is durable or rejected. Nothing is taken from the call on, until the
   * partition is opened again; then it goes on from its journaled position.
   */
  close(partition: number): Promise<void>;
  /**
   * The position committed last for this source and an open partition; 0 before its first commit. What was handed over and
   * waits is not in it: a source that starts again remembers that, or closes its partitions when it ends.
   */
  position(source: string, partition: number): number;
  /** Where a partition is in the files that it has read, as of the batches that were applied. */
  files(partition: number): readonly FilePosition[];
  /** Where a partition is in the partitions of Kafka topics that it has read, as of the batches that were applied. */
  topics(partition: number): readonly TopicPosition[];
  /** Where a partition is in the tables that it has read, as of the batches that were applied. */
  tables(partition: number): readonly TablePosition[];
  /** Whether an end of input of an earlier version has closed the partition's windows for good. */
  hasEnded(partition: number): boolean;
  /** Resolves when the batch is accepted and there is room for another; rejects when the partition is closed. */
  deliver(partition: number, batch: Batch): Promise<void>;
  /** Whether offer() would take a batch now: what an HTTP ingest needs in order to answer 429. */
  hasRoom(partition: number): boolean;
  /** Takes the batch only if there is room now. */
  offer(partition: number, batch: Batch): boolean;
}

/** The input itself is at fault: read again, it would be so again. */
export class InputError extends Error {}

/** The file at a path is not the one that was read there, or can't be read on. The problem says what to do. */
export class OtherFileError extends InputError {
  readonly path: string;
  readonly problem: string;
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'OtherFileError';
    this.path = path;
    this.problem = problem;
  }
}

/** How far a source is, and what keeps it from going on. */
export interface SourceStatus {
  readonly state: 'connecting' | 'running' | 'waiting' | 'stopped';
  /** In words for people; null when nothing is wrong. */
  readonly problem: string | null;
  /** As it knew them last, also while it does not run. */
  readonly inputs: readonly SourceInput[];
  readonly counts: {
    /** How often it began anew after it had failed. */
    readonly restarts: number;
    readonly rebalances: number;
    readonly commits: number;
    readonly failedCommits: number;
  };
}

/** One partition of what a source reads. */
export interface SourceInput {
  readonly topic: string;
  readonly partition: number;
  readonly state: 'opening' | 'running' | 'held' | 'halted';
  readonly problem: string | null;
  /** What is read next; everything before it is durable. */
  readonly next: number;
  /** One behind the last record that there is. */
  readonly end: number;
  readonly lag: number;
  readonly lagState: 'ok' | 'warning' | 'stalled' | 'unknown';
}

export interface Source {
  readonly name: string;
  /** Of a source that reads what somebody else keeps. */
  readonly status?: () => SourceStatus;
  /**
   * Runs until its end of input, or until `signal` aborts. Rejects when the source fails; its supervisor restarts it,
   * except after an InputError.
   */
  run(intake: Intake, signal: AbortSignal): Promise<void>;
}
