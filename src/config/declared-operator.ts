/**
 * An operator as a section of the pipeline file declares it: what it reads, where it runs, and what others may read of it.
 * The plan of a pipeline goes by these alone, whatever kinds of operators there are.
 */
import type { UserFunction } from '../sql/user-function.ts';
import { keyTextOf } from '../streams/field-key.ts';
import type { GroupKey } from '../streams/group-key.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import { isKeptTogether, isOfStream, logOf, type Relation } from './sections/relation.ts';

/** What a data directory already has of exchanges. */
export interface KnownExchanges {
  /** How many partitions the exchange of this name has; undefined when there is none. */
  partitionsOf(name: string): number | undefined;
  /** The windows that the exchange was last run for; none when there is no such exchange. */
  windowsOf(name: string): readonly string[];
}

export const NO_EXCHANGES: KnownExchanges = { partitionsOf: () => undefined, windowsOf: () => [] };

/** A stream, or what another operator gives, as an operator reads it. */
export interface OperatorRead {
  readonly stream: string;
  /** null: it is read without a key. */
  readonly key: GroupKey;
}

/** What an operator reads, in the order of its `reads`. */
export type OperatorInputs = readonly [Relation, ...Relation[]];

/** Events that an exchange brings to the partitions of an operator. */
export interface Brought {
  readonly relation: Relation;
  /** The hash of this key sends each event to one partition; null sends every event to every partition. */
  readonly key: GroupKey;
  /** Functions of users that the key names; absent for none. */
  readonly functions?: readonly UserFunction[] | undefined;
}

/** The partitions that an operator runs in. */
export interface OperatorPlacing {
  /** What their logs are named for. */
  readonly log: string;
  readonly partitions: number;
  /**
   * What an exchange brings, which all operators of the same log share; null where its input stands in these logs
   * already.
   */
  readonly brings: readonly Brought[] | null;
  /** It is the only operator of its partitions, whose log has sums in place of events. */
  readonly sumsUp?: true;
  /** Each commit says how far the results have come, whether others read them or not. */
  readonly saysHowFar?: true;
}

/** What is known of an operator's partitions when it is put there. */
export interface OperatorSetting {
  readonly inputs: OperatorInputs;
  /** How the operator's partitions call what it reads, in the same order. */
  readonly names: readonly string[];
  /** Whether an exchange reads what it gives under its own name. */
  readonly isRead: boolean;
}

export interface DeclaredOperator {
  readonly name: string;
  /** The name of the operator's kind. */
  readonly kind: string;
  /** At least one. */
  readonly reads: readonly OperatorRead[];
  /** Names of the relations that it gives, which others may be of. */
  readonly gives: readonly string[];
  /** Events that stand in the logs of a stream beside that stream's own, and that others read through this operator. */
  readonly beside?: { readonly name: string; readonly stream: string; of(stream: Relation): Relation };
  /** It takes its events over from the operator that gives them, and stands directly behind that one. */
  readonly follows?: true;
  place(inputs: OperatorInputs, known: KnownExchanges): OperatorPlacing;
  /** The relations that it gives, by the names of `gives`. */
  relations(inputs: OperatorInputs, placing: OperatorPlacing): readonly Relation[];
  spec(setting: OperatorSetting): OperatorSpec;
}

/** Places an operator in the partitions that have its first input already, with nothing brought. */
export function placedWithInput([of]: OperatorInputs): OperatorPlacing {
  return { log: logOf(of), partitions: of.partitions, brings: null };
}

/**
 * Places an operator so that each key is in one partition. These are the partitions of the only stream that it reads,
 * where that stream keeps its keys together. Otherwise they are those of an exchange, as many as the largest keyed
 * input has. `keys`: the field of each input; null brings the input's events to all partitions.
 */
export function placedByKeys(
  name: string,
  keys: readonly (string | null)[],
  inputs: OperatorInputs,
  known: KnownExchanges,
): OperatorPlacing {
  const [of, ...others] = inputs;
  const [key = null] = keys;
  const isWithin = others.length === 0 && isOfStream(of) && (of.partitions === 1 || isKeptTogether(of, key));
  if (isWithin) return placedWithInput(inputs);
  const brings = inputs.map((relation, i) => {
    const field = keys[i] ?? null;
    return { relation, key: field === null ? null : keyTextOf(relation.schema, field) };
  });
  const keyed = brings.filter((each) => each.key !== null).map(({ relation }) => relation.partitions);
  return { log: name, partitions: known.partitionsOf(name) ?? Math.max(1, ...keyed), brings };
}
