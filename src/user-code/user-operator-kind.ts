/** Operators of users as a kind: a derivation names the module, and each thread that runs the operator loads it. */
import type { AvroSchema } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { type Row, readDefinition } from '../operators/definition.ts';
import { optionsOf } from '../operators/options.ts';
import { outputSchema, outputStream } from '../operators/output-writer.ts';
import { createUserOperator, USER_OPERATOR } from '../operators/user-operator.ts';
import { operatorKind } from '../streams/operator-kind.ts';
import { type ViewSpec, viewSchema } from '../streams/selection.ts';
import { throughViews } from '../streams/through-views.ts';
import { loadUserModule } from './load-module.ts';

/** All that decides what an operator of a user derives, as plain data. */
export interface UserOperatorDerivation {
  /** Path of the module. */
  readonly module: string;
  /** Of its text, and of all that it imports by relative paths. */
  readonly sha256: string;
  readonly input: Readonly<Record<string, string | null>>;
  readonly keyType: AvroSchema;
  readonly options: Readonly<Row>;
  readonly order: 'arrival' | 'time';
  readonly ttlMs: number | null;
  readonly onError: 'fail' | 'deadLetter';
  /** How the partition has those of its streams that it does not have as they are. */
  readonly reads?: Readonly<Record<string, OperatorReading>>;
}

export interface OperatorReading {
  /** As the partition calls what it takes in. */
  readonly input: string;
  /** How the events of the stream come of those. */
  readonly of?: ViewSpec;
}

export const userOperatorKind = operatorKind<UserOperatorDerivation>(USER_OPERATOR, (name, spec, { inputs }) => {
  const { module, sha256, input, keyType, options, order, ttlMs, onError, reads = {} } = spec;
  const loaded = loadUserModule(module);
  if (loaded.sha256 !== sha256) {
    throw new Error(
      `The operator ${name} was derived by another ${module} than the one that is there (SHA-256 ${sha256.slice(0, 12)}…, now ${loaded.sha256.slice(0, 12)}…)`,
    );
  }
  const definition = readDefinition(loaded.exported);
  const own = {
    name,
    definition,
    inputs: Object.entries(input).map(([stream, key]) => {
      const { input: read, of } = reads[stream] ?? { input: stream };
      const schema = inputs.find((candidate) => candidate.stream === read)?.schema ?? null;
      return { stream, key, schema: of === undefined ? schema : viewSchema(of) };
    }),
    keyType,
    options: optionsOf(definition, options),
    order,
    ttlMs,
    onError,
  };
  return {
    actor: USER_OPERATOR,
    callsUsers: true,
    types: [...definition.outputs].map(([output, fields]) => {
      const type = dynamicEventType(outputSchema(name, output, fields, keyType));
      return { stream: outputStream(name, output), type };
    }),
    open: (_late, partition) => throughViews(createUserOperator(own, partition), reads),
  };
});
