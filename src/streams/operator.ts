/**
 * The port of everything that computes: windows, joins, derived streams, what a domain brings, and code of users. A
 * partition has its operators in one ordered list, and live work and replay drive the same list.
 *
 * An operator is a fold: events, deletions and watermarks go in, in the order in which the partition took them, and events
 * of its declared outputs come out. It has no clock, no randomness and no I/O, so a replay says what was said before.
 */
import type { Block } from '../messages/block.ts';
import type { EventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import type { CallCutOff } from '../messages/streams.ts';
import type { WindowPart } from '../messages/window-parts.ts';
import type { Succession } from './succession.ts';

/** Where the first of some events stands in a log, or will once its commit is there. */
export interface LogPlace {
  readonly log: string;
  readonly offset: number;
  /** Whether each of them has an offset of its own; else all are in the event of the log that brought them. */
  readonly isEachRow: boolean;
}

/** Events of one stream in arrival order: those whose rows add() is told from now on. */
export interface OperatorInput {
  /** Name of the stream that they are of. */
  readonly stream: string;
  readonly columns: Columns;
  /** Event time of each row. */
  readonly timesMs: Float64Array;
  /** The watermark before the first row. */
  readonly watermarkMs: number;
  /** Null where nobody asks. */
  readonly at: LogPlace | null;
  /** Up to where everything has come, after each row, where the watermark goes on without what is behind; else absent. */
  readonly completeMs?: Float64Array;
}

/** A row of a stream that is used as a table is gone. */
export interface OperatorDeletion {
  readonly stream: string;
  readonly key: string | number | bigint;
  readonly occurredAt: number;
}

/** A stream that an operator derives. */
export interface OperatorOutput {
  readonly stream: string;
  readonly type: EventType<unknown>;
  /** Filled event by event, and taken once a batch. */
  readonly events: { take(): Block | null };
  /** In a commit its block stands before those of all others. */
  readonly isFirst?: true;
}

/** What an operator keeps, as a snapshot holds it: records of its own schema, most often one a key. */
export interface OperatorState {
  /** What the state depends on besides its schema, as text: state of another definition is of no use. Null: not said. */
  readonly definition: string | null;
  /** The schema that the records were written by, as JSON. */
  readonly schema: string;
  readonly count: number;
  /** An Avro array of so many records. */
  readonly bytes: Uint8Array;
}

/** Sums up events that are in time, as an operator would take them. */
export interface EventSummary {
  /** As of an operator. False: there are too many slices among these events, so add() is not to be called. */
  begin(columns: Columns, timesMs: Float64Array): boolean;
  /** Takes an event that came under this watermark; false: the operator has to be told the event itself. */
  add(row: number, timeMs: number, watermarkMs: number): boolean;
  /** What was taken; null where there are too few events for each part. It then begins anew. */
  take(): WindowPart[] | null;
}

export interface Operator {
  /** As the pipeline file calls it; no two operators of a partition share one. */
  readonly name: string;
  /** As derivations call it: window, join, derived, … */
  readonly kind: string;
  /** The actor that drives it, as the actor tree names it: window-aggregator, operator, … */
  readonly actor: string;
  /**
   * Streams whose events it takes. Of all others it sees how the watermark moves. Of an output of an operator before it in
   * the partition it takes each block, without times.
   */
  readonly inputs: readonly string[];
  /** In the order in which a commit has them. */
  readonly outputs: readonly OperatorOutput[];
  /** How far events of its outputs may lie behind the watermark; null where no other partition may read them. */
  readonly heldBackMs: number | null;
  /** Throws when the events lack a field that it needs. */
  begin(input: OperatorInput): void;
  /** Takes one event, under the watermark of the last call of advance() or begin(); from row 0 on, in order. */
  add(row: number): void;
  /** The watermark never goes back. */
  advance(watermarkMs: number): void;
  /** The input has ended for now: gives what is open, and keeps it open. */
  flush(): void;
  remove(deletion: OperatorDeletion): void;
  /** The operator before it whose events it takes, in place of those of the partition. Absent where there is none. */
  readonly follows?: Succession;
  /** For those that follow it. Absent where none can. */
  succession?(): Succession;
  /** The next advance() is without what is behind: only up to this time has everything come. Absent where nobody asks. */
  complete?(upToMs: number): void;
  /** A step of the batch is over. Absent where nobody asks. */
  endStep?(): void;
  /** Sums up events, for a log that keeps the sums in their place. Absent where the operator needs the events themselves. */
  summary?(): EventSummary;
  /** Takes such sums of events that are in time, in place of these. */
  merge?(parts: readonly WindowPart[]): void;
  /** A call that is not to be made. Absent where no code of users is called. */
  cutOff?(call: CallCutOff): void;
  /**
   * A message that it has for itself: what it has found about this process, which its results depend on, and which the log does
   * not have yet. It goes into the log before the batch, and comes by tell(). Asked before each batch that is new, never in a
   * replay. Null where nothing is new; absent where its results depend on the log alone.
   */
  found?(): Block | null;
  /** Absent where there is nothing to be told. What it says of that goes to its outputs. The watermark stays where it is. */
  tell?(message: OperatorMessage, watermarkMs: number): void;
  snapshot(): OperatorState;
  /** Into an operator that has seen nothing. Throws an UnreadableStateError when the state is none of its own. */
  restore(state: OperatorState): void;
  /** Keys that it holds state of. */
  keyCount(): number;
  /** Bytes that its keys hold, estimated. Absent: nobody asks, as of the engine's own. */
  stateBytes?(): number;
}

/** What an operator is told beside events: see `OperatorMessage` in src/messages/streams.ts. */
export interface OperatorMessage {
  /** The records, when they are of this type; else none. */
  records<T>(type: EventType<T>): readonly T[];
}

/** What an operator holds in one partition, as people watch it. */
export interface HeldState {
  readonly operator: string;
  readonly kind: string;
  /** Streams that it takes, and those that it gives. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly keys: number;
  /** Estimated; null where nobody asks. */
  readonly bytes: number | null;
  /** How long it has been at work since its partition was opened. */
  readonly busyMs: number;
}

/** State that an operator can't go on from: it begins anew, from the log. The message says why, for people. */
export class UnreadableStateError extends Error {}

/** An operator that begins at the start of the log, and why, for people. */
export interface OperatorAnew {
  readonly kind: string;
  readonly name: string;
  readonly why: string;
}
