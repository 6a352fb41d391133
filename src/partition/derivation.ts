/**
 * All that decides what a partition makes of its input, as plain data. It is kept beside the log, so that a replay can
 * derive everything again and compare.
 */
import { createFraudDetector, type FraudDetector } from '../fraud/detector.ts';
import type { FraudSpec } from '../fraud/spec.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import type { Registry } from '../messages/registry.ts';
import { type WindowResultType, windowResultType } from '../messages/window-result.ts';
import { resultField } from '../streams/aggregates.ts';
import type { WatermarkPolicy } from '../streams/watermark.ts';
import type { WindowOperator, WindowSpec } from '../streams/window.ts';
import { createWindows } from '../streams/windows.ts';
import { aggregate, detect } from './derive.ts';
import { createPartition, type Partition } from './partition.ts';
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
}

/** The types of a derivation's input and output, compiled once for all its partitions. */
export interface DerivationTypes {
  readonly eventType: EventType<DynamicEvent>;
  readonly windows: readonly WindowResultType[];
}

export function derivationTypes({ schema, windows }: Derivation): DerivationTypes {
  return {
    eventType: dynamicEventType(schema),
    windows: windows.map(({ name, aggregates }) =>
      windowResultType(
        name,
        aggregates.map((spec) => resultField(spec)),
      ),
    ),
  };
}

/** A partition with all of its derivers: a fold over its log. */
export interface PartitionFold {
  readonly partition: Partition;
  readonly operators: readonly WindowOperator[];
  readonly detector: FraudDetector | null;
  snapshot(): PartitionSnapshot;
}

export function createPartitionFold(
  derivation: Derivation,
  types: DerivationTypes,
  partition: number,
  registry: Registry,
): PartitionFold {
  const { stream, timeField, watermark, channels = [] } = derivation;
  const fold = createPartition({ stream, partition, timeField, watermark, channels, ...types }, registry);
  const operators = derivation.windows.map((spec) => createWindows(spec));
  const detector = derivation.fraud === null ? null : createFraudDetector(derivation.fraud);
  return {
    partition: fold,
    operators,
    detector,
    snapshot: () => ({
      ...fold.snapshot(),
      windows: operators.map((operator) => operator.snapshot()),
      cards: detector?.snapshot() ?? [],
    }),
  };
}

/** Does the work of all derivers, one after another, in this thread. */
export function deriveAll({ operators, detector }: PartitionFold, work: Work): void {
  for (const operator of operators) aggregate(operator, work);
  if (detector !== null) detect(detector, work);
}

export function restoreFold({ partition, operators, detector }: PartitionFold, snapshot: PartitionSnapshot): void {
  partition.restore(snapshot);
  for (const operator of operators) operator.restore(snapshot.windows);
  detector?.restore(snapshot.cards);
}
