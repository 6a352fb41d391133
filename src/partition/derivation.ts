/**
 * A derivation: everything that decides what a partition derives from its input, as plain data. It is kept beside the log,
 * so that a replay can derive everything again and compare.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventSchema, type EventType } from '../messages/codec.ts';
import type { Registry } from '../messages/registry.ts';
import type { Expectation } from '../quality/expectation.ts';
import { namesFunctions } from '../sql/user-function.ts';
import type { Operator, OperatorAnew } from '../streams/operator.ts';
import {
  type OperatorKind,
  type OperatorSpec,
  type PreparedOperator,
  prepareOperator,
} from '../streams/operator-kind.ts';
import type { WatermarkPolicy } from '../streams/watermark.ts';
import { createDerivedBlocks, createLateBlocks } from './derived-blocks.ts';
import { drive } from './drive.ts';
import { foundBy } from './found-by.ts';
import { createPartition, type Partition } from './partition.ts';
import type { RequestLimits } from './requests.ts';
import { restoreOperators, savedOperator } from './saved-operators.ts';
import type { PartitionSnapshot } from './snapshot.ts';
import type { Step } from './steps.ts';

/** Events of one stream that a partition takes in. */
export interface DerivationInput {
  readonly stream: string;
  readonly schema: AvroRecord;
  readonly timeField: string;
  /** Event time is the time field less this many ms; absent for none. */
  readonly timeLessMs?: number;
  readonly watermark: WatermarkPolicy;
  /** The logs that the events are read from; none when the partition has a source of its own. */
  readonly channels: readonly string[];
  /** The events stand in the logs of another input, beside that input's events, and do not move its event time. */
  readonly isBeside?: true;
}

export interface Derivation {
  /** The name of the partition's log, without its number. */
  readonly stream: string;
  /** Its own stream first. */
  readonly inputs: readonly [DerivationInput, ...DerivationInput[]];
  /** In the order in which they see each batch. */
  readonly operators: readonly OperatorSpec[];
  /** Other partitions read the results, so each commit says how far they have come. */
  readonly isRead?: true;
  /**
   * The log has sums in place of the events that are in time, and one of its operators goes by the sums. All events are of
   * one input.
   */
  readonly sumsUp?: true;
  /** Checked when events come in. The log holds the outcome, so a replay does not check them. */
  readonly expectations?: readonly Expectation[];
}

/** The types of a derivation's input and output, compiled once for all its partitions. */
export interface DerivationTypes {
  /** In the order of the inputs. */
  readonly inputs: readonly [EventType<DynamicEvent>, ...EventType<DynamicEvent>[]];
  readonly operators: readonly PreparedOperator[];
  /** Whether the derivation calls code of users, which may not return. It then runs in a thread, which can be ended. */
  readonly callsUsers: boolean;
}

/** Throws when an operator is of no known kind, or asks for what the inputs have not. */
export function derivationTypes(derivation: Derivation, kinds: readonly OperatorKind[]): DerivationTypes {
  const { inputs, operators } = derivation;
  const [own, ...others] = inputs;
  const prepared: PreparedOperator[] = [];
  for (const spec of operators) {
    const outputs = prepared.flatMap(({ types }) => types.map(({ stream, type }) => ({ stream, schema: type.schema })));
    prepared.push(prepareOperator(kinds, spec, { inputs, outputs }));
  }
  return {
    inputs: [dynamicEventType(own.schema), ...others.map(({ schema }) => dynamicEventType(schema))],
    operators: prepared,
    callsUsers: prepared.some(({ callsUsers }) => callsUsers) || namesFunctions(derivation),
  };
}

/** All types that its logs may hold beside the built-in ones. */
export function schemasOf({ inputs, operators }: DerivationTypes): EventSchema[] {
  return [...inputs, ...operators.flatMap(({ types }) => types.map(({ type }) => type))];
}

/** A partition with all of its operators: a fold over its log. */
export interface PartitionFold {
  readonly partition: Partition;
  readonly operators: readonly Operator[];
  snapshot(): PartitionSnapshot;
  /**
   * Restores a snapshot into a fold at the start of its log. Returns the operators whose state the snapshot lacks, or has
   * in a form that can't be read, with the reason. These operators stand at the start of the log.
   */
  restore(snapshot: PartitionSnapshot): readonly OperatorAnew[];
}

export function createPartitionFold(
  derivation: Derivation,
  types: DerivationTypes,
  partition: number,
  registry: Registry,
  requests?: RequestLimits,
): PartitionFold {
  const late = createLateBlocks();
  const operators: Operator[] = [];
  for (const prepared of types.operators) operators.push(prepared.open(late, partition, operators));
  const [first, ...others] = types.inputs;
  const [own, ...read] = derivation.inputs;
  const spec = {
    stream: derivation.stream,
    partition,
    inputs: [{ ...own, eventType: first }, ...read.map((input, i) => ({ ...input, eventType: others[i]! }))] as const,
    expectations: derivation.expectations ?? [],
    ...(requests === undefined ? {} : { requests }),
  };
  const summary = derivation.sumsUp === true ? operators.find((operator) => operator.summary !== undefined) : undefined;
  const blocks = createDerivedBlocks(operators, late, derivation.isRead === true);
  const fold = createPartition(spec, registry, blocks, summary?.summary?.() ?? null, () => foundBy(operators));
  return {
    partition: fold,
    operators,
    snapshot: () => ({ ...fold.snapshot(), operators: operators.map(savedOperator) }),
    restore(snapshot) {
      fold.restore(snapshot);
      return restoreOperators(operators, snapshot.operators);
    },
  };
}

/** Drives all operators over the steps, one after another, in this thread. */
export function deriveAll({ operators }: Pick<PartitionFold, 'operators'>, steps: readonly Step[]): void {
  for (const operator of operators) drive(operator, steps);
}
