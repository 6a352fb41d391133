/** An operator of a user as one of the pipeline: each key of it comes to one partition, from whatever input. */
import type { AvroRecord, AvroSchema } from '../../messages/avro.ts';
import { DERIVED_TIME } from '../../messages/derived-event.ts';
import type { Row } from '../../operators/definition.ts';
import { type OperatorReading, userOperatorKind } from '../../user-code/user-operator-kind.ts';
import { type DeclaredOperator, type OperatorPlacing, placedByKeys } from '../declared-operator.ts';
import { type Relation, viewOf } from './relation.ts';

export interface OperatorConfig {
  readonly name: string;
  /** The path of the module. */
  readonly module: string;
  readonly sha256: string;
  /** The key field of each stream, by stream; null sends every event to all partitions. */
  readonly input: Readonly<Record<string, string | null>>;
  readonly options: Readonly<Row>;
  /** `arrival` where one log has all events of a key; `time` orders events by their times. */
  readonly order: 'arrival' | 'time';
  readonly ttlMs: number | null;
  readonly onError: 'fail' | 'deadLetter';
  /** The type of the key that its outputs have. */
  readonly keyType: AvroSchema;
  /** The schemas of its outputs, by stream. */
  readonly outputs: readonly { readonly stream: string; readonly schema: AvroRecord }[];
}

/** The outputs of an operator, as others read them. The operator's partitions say how far they have come. */
export function outputRelations(
  { outputs }: OperatorConfig,
  { log, partitions }: Pick<OperatorPlacing, 'log' | 'partitions'>,
): Relation[] {
  return outputs.map(({ stream, schema }) => ({
    name: stream,
    schema,
    key: 'key',
    eventTime: DERIVED_TIME,
    partitions,
    watermark: { kind: 'scripted' },
    log,
  }));
}

export function declaredUserOperator(operator: OperatorConfig): DeclaredOperator {
  const { name, outputs, ...spec } = operator;
  const reads = Object.entries(operator.input).map(([stream, key]) => ({ stream, key }));
  return {
    name,
    kind: userOperatorKind.kind,
    reads,
    gives: outputs.map(({ stream }) => stream),
    place: (inputs, known) => placedByKeys(name, Object.values(operator.input), inputs, known),
    relations: (_, placing) => outputRelations(operator, placing),
    spec({ inputs, names }) {
      const read: Record<string, OperatorReading> = {};
      reads.forEach(({ stream }, i) => {
        const of = inputs[i] === undefined ? undefined : viewOf(inputs[i]);
        const input = names[i] ?? stream;
        if (of !== undefined || input !== stream) read[stream] = { input, ...(of === undefined ? {} : { of }) };
      });
      return userOperatorKind.of(name, { ...spec, ...(Object.keys(read).length === 0 ? {} : { reads: read }) });
    },
  };
}
