/**
 * Kinds of operators: a derivation names an operator by its kind and by plain data that only this kind reads. To add a
 * kind is one file that calls operatorKind(), and one line in the list of kinds.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { EventType } from '../messages/codec.ts';
import type { LateEvent } from '../messages/streams.ts';
import type { Operator } from './operator.ts';

/** The actor that drives what the engine derives by itself: windows, joins and derived streams. */
export const WINDOW_AGGREGATOR = 'window-aggregator';

/** An operator as plain data: it goes to other threads, and is kept beside the log that it derives. */
export interface OperatorSpec {
  readonly kind: string;
  readonly name: string;
  readonly spec: object;
}

/** Where an operator runs. */
export interface OperatorPlace {
  /** The streams that its partition takes in, its own first. */
  readonly inputs: readonly { readonly stream: string; readonly schema: AvroRecord }[];
  /** What the operators before it give. */
  readonly outputs: readonly { readonly stream: string; readonly schema: AvroRecord }[];
}

/** Takes events that came too late for the operator. */
export interface LateEvents {
  push(event: LateEvent): unknown;
}

/** An operator whose types are compiled, once for all partitions that run it. */
export interface PreparedOperator {
  readonly kind: string;
  readonly name: string;
  /** The actor that drives it, as the actor tree names it. */
  readonly actor: string;
  /** Whether it calls code of users, which may not return: then it runs in a thread, which can be ended. */
  readonly callsUsers?: true;
  /** Of its outputs. */
  readonly types: readonly { readonly stream: string; readonly type: EventType<unknown> }[];
  /** For the partition of this number, whose operators before it are open. */
  open(late: LateEvents, partition: number, before?: readonly Operator[]): Operator;
}

export interface OperatorKind {
  readonly kind: string;
  /** Throws when the data is none of this kind, or asks for what the inputs have not. */
  prepare(spec: OperatorSpec, place: OperatorPlace): PreparedOperator;
}

export interface TypedOperatorKind<Spec extends object> extends OperatorKind {
  of(name: string, spec: Spec): OperatorSpec;
}

export function operatorKind<Spec extends object>(
  kind: string,
  prepare: (name: string, spec: Spec, place: OperatorPlace) => Omit<PreparedOperator, 'kind' | 'name'>,
): TypedOperatorKind<Spec> {
  return {
    kind,
    of: (name, spec) => ({ kind, name, spec }),
    prepare(plain, place) {
      // What of() was given, wherever it has been since.
      const spec: Spec = JSON.parse(JSON.stringify(plain.spec));
      return { kind, name: plain.name, ...prepare(plain.name, spec, place) };
    },
  };
}

/** Throws when there is no such kind. */
export function prepareOperator(
  kinds: readonly OperatorKind[],
  spec: OperatorSpec,
  place: OperatorPlace,
): PreparedOperator {
  const kind = kinds.find((candidate) => candidate.kind === spec.kind);
  if (kind === undefined) {
    const known = kinds.map((candidate) => candidate.kind).join(', ');
    throw new Error(`${spec.name} is an operator of the kind ${spec.kind}; known: ${known}`);
  }
  return kind.prepare(spec, place);
}
