/**
 * All that decides what a partition makes of its input, as plain data. It is kept beside the log, so that a replay can
 * derive everything again and compare.
 */
import { createFraudDetector, type FraudDetector } from '../fraud/detector.ts';
import type { FraudSpec } from '../fraud/spec.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import { type DerivedEventType, derivedEventType } from '../messages/derived-event.ts';
import { type JoinResultType, joinResultType } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import { type WindowResultType, windowResultType } from '../messages/window-result.ts';
import type { Expectation } from '../quality/expectation.ts';
import { resultField } from '../streams/aggregate-table.ts';
import {
  createSelection,
  type Selection,
  type SelectionSpec,
  selectedFields,
  type ViewSpec,
  viewSchema,
} from '../streams/selection.ts';
import type { WatermarkPolicy } from '../streams/watermark.ts';
import type { WindowOperator, WindowSpec } from '../streams/window-kind.ts';
import { createWindows } from '../streams/window-operator.ts';
import { aggregate, detect, select } from './derive.ts';
import { createPartitionJoin, type DerivationJoin, joinSides, type PartitionJoin } from './join.ts';
import { createPartition, type Partition } from './partition.ts';
import type { RequestLimits } from './requests.ts';
import type { PartitionSnapshot } from './snapshot.ts';
import type { Work } from './work.ts';

export interface Derivation {
  readonly stream: string;
  readonly schema: AvroRecord;
  readonly timeField: string;
  readonly watermark: WatermarkPolicy;
  /** The logs that it reads, where it is one of other logs' input. */
  readonly channels?: readonly string[];
  readonly windows: readonly WindowSpec[];
  readonly fraud: FraudSpec | null;
  /** Absent where there are none, so that what was noted before there could be any still holds. */
  readonly selections?: readonly SelectionSpec[];
  /** By which events are taken. What was taken is in the log: a replay does not ask them. */
  readonly expectations?: readonly Expectation[];
  /** With the stream as its left side. */
  readonly join?: DerivationJoin;
}

/** The types of a derivation's input and output, compiled once for all its partitions. */
export interface DerivationTypes {
  readonly eventType: EventType<DynamicEvent>;
  readonly windows: readonly WindowResultType[];
  readonly rightType: EventType<DynamicEvent> | null;
  readonly joined: JoinResultType | null;
  readonly selected: readonly DerivedEventType[];
}

export function derivationTypes(derivation: Derivation): DerivationTypes {
  const { stream, schema, windows, join, selections = [] } = derivation;
  return {
    eventType: dynamicEventType(schema),
    rightType: join === undefined ? null : dynamicEventType(join.right.schema),
    joined:
      join === undefined
        ? null
        : joinResultType(stream, seenSchema(schema, join.leftOf), seenSchema(join.right.schema, join.right.of)),
    windows: windows.map(({ name, aggregates }) =>
      windowResultType(
        name,
        aggregates.map((spec) => resultField(spec)),
      ),
    ),
    selected: selections.map((spec) => derivedEventType(spec.name, selectedFields(spec, schema))),
  };
}

function seenSchema(schema: AvroRecord, of: ViewSpec | undefined): AvroRecord {
  return of === undefined ? schema : viewSchema(of);
}

/** A partition with all of its derivers: a fold over its log. */
export interface PartitionFold {
  readonly partition: Partition;
  readonly operators: readonly WindowOperator[];
  readonly detector: FraudDetector | null;
  readonly join: PartitionJoin | null;
  readonly selections: readonly Selection[];
  snapshot(): PartitionSnapshot;
}

export function createPartitionFold(
  derivation: Derivation,
  types: DerivationTypes,
  partition: number,
  registry: Registry,
  requests?: RequestLimits,
): PartitionFold {
  const { stream, timeField, watermark, channels = [], expectations = [], join } = derivation;
  const { eventType, rightType, windows, joined, selected } = types;
  const right = join === undefined || rightType === null ? null : { ...join.right, eventType: rightType };
  const spec = {
    stream,
    partition,
    eventType,
    timeField,
    watermark,
    channels,
    right,
    windows,
    joined,
    selected,
    expectations,
    ...(requests === undefined ? {} : { requests }),
  };
  const fold = createPartition(spec, registry);
  const operators = derivation.windows.map((window) => createWindows(window));
  const detector = derivation.fraud === null ? null : createFraudDetector(derivation.fraud);
  const own = join === undefined || rightType === null ? null : createPartitionJoin(stream, join, eventType, rightType);
  return {
    partition: fold,
    operators,
    detector,
    join: own,
    selections: (derivation.selections ?? []).map((selection) => createSelection(selection)),
    snapshot: () => ({
      ...fold.snapshot(),
      windows: operators.map((operator) => operator.snapshot()),
      joined: own?.snapshot() ?? [],
      cards: detector?.snapshot() ?? [],
    }),
  };
}

/** Does the work of all derivers, one after another, in this thread. */
export function deriveAll({ operators, detector, join, selections }: PartitionFold, work: Work): void {
  for (const operator of operators) aggregate(operator, work);
  if (join !== null) joinSides(join, work);
  for (const selection of selections) select(selection, work);
  if (detector !== null) detect(detector, work);
}

export function restoreFold(
  { partition, operators, detector, join }: PartitionFold,
  snapshot: PartitionSnapshot,
): void {
  partition.restore(snapshot);
  for (const operator of operators) operator.restore(snapshot.windows);
  join?.restore(snapshot.joined);
  detector?.restore(snapshot.cards);
}
