/** An operator of a user as one of the pipeline: each key of it comes to one partition, from whatever input. */
import type { AvroRecord, AvroSchema } from '../../messages/avro.ts';
import { DERIVED_TIME } from '../../messages/derived-event.ts';
import type { Row } from '../../operators/definition.ts';
import { keyTextOf } from '../../streams/field-key.ts';
import { type OperatorReading, userOperatorKind } from '../../user-code/user-operator-kind.ts';
import type { DeclaredOperator } from '../declared-operator.ts';
import { isKeptTogether, isOfStream, type Relation, readBy, viewOf } from './relation.ts';

export interface OperatorConfig {
  readonly name: string;
  /** Path of the module. */
  readonly module: string;
  readonly sha256: string;
  /** By stream, the field that is the key; null broadcasts it. */
  readonly input: Readonly<Record<string, string | null>>;
  readonly options: Readonly<Row>;
  /** As they arrive, where a key's events come from one log; else by their times. */
  readonly order: 'arrival' | 'time';
  readonly ttlMs: number | null;
  readonly onError: 'fail' | 'deadLetter';
  /** Of the key that its outputs have. */
  readonly keyType: AvroSchema;
  /** By stream. */
  readonly outputs: readonly { readonly stream: string; readonly schema: AvroRecord }[];
}

/** Whether all events of each key of an operator come to one partition of its stream by themselves. */
function isWithinPartition({ input }: OperatorConfig, inputs: readonly Relation[]): boolean {
  const [[name, key] = ['', null], ...others] = Object.entries(input);
  const of = inputs.find((candidate) => candidate.name === name);
  return others.length === 0 && of !== undefined && isOfStream(of) && (of.partitions === 1 || isKeptTogether(of, key));
}

/** The outputs of an operator, as what others are of. Their partitions say how far they have come. */
export function outputRelations(operator: OperatorConfig, inputs: readonly Relation[]): Relation[] {
  const [first] = inputs;
  return operator.outputs.map(({ stream, schema }) => ({
    name: stream,
    schema,
    key: 'key',
    eventTime: DERIVED_TIME,
    partitions: partitionsOf(operator, inputs),
    watermark: { kind: 'scripted' },
    log: isWithinPartition(operator, inputs) && first !== undefined ? readBy(first).name : operator.name,
  }));
}

/** As many as the largest of its inputs by a key has. */
function partitionsOf({ input }: OperatorConfig, inputs: readonly Relation[]): number {
  const keyed = inputs.filter(({ name }) => (input[name] ?? null) !== null);
  return Math.max(1, ...keyed.map(({ partitions }) => partitions));
}

export function declaredUserOperator(operator: OperatorConfig): DeclaredOperator {
  const { name, outputs, ...spec } = operator;
  const reads = Object.entries(operator.input).map(([stream, key]) => ({ stream, key }));
  return {
    name,
    kind: userOperatorKind.kind,
    reads,
    gives: outputs.map(({ stream }) => stream),
    place(inputs, known) {
      const [of] = inputs;
      if (isWithinPartition(operator, inputs)) return { log: readBy(of).name, partitions: of.partitions, brings: null };
      const brings = inputs.map((relation, i) => {
        const key = reads[i]?.key ?? null;
        return { relation, key: key === null ? null : keyTextOf(relation.schema, key) };
      });
      return { log: name, partitions: known.partitionsOf(name) ?? partitionsOf(operator, inputs), brings };
    },
    relations: (inputs, { partitions }) =>
      outputRelations(operator, inputs).map((output) => ({ ...output, partitions })),
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
