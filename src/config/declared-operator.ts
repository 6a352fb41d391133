/**
 * An operator as a section of the pipeline file declares it: what it reads, where it runs, and what others may read of it.
 * The plan of a pipeline goes by these alone, whatever kinds of operators there are.
 */
import type { UserFunction } from '../sql/user-function.ts';
import { keyTextOf } from '../streams/field-key.ts';
import type { GroupKey } from '../streams/group-key.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import { isKeptTogether, isOfStream, logOf, type Relation } from './sections/relation.ts';

/** What a data directory has of exchanges. */
export interface KnownExchanges {
  /** How many partitions one of this name has; undefined when there is none. */
  partitionsOf(name: string): number | undefined;
  /** The windows that it was last run for; none when there is none. */
  windowsOf(name: string): readonly string[];
}

export const NO_EXCHANGES: KnownExchanges = { partitionsOf: () => undefined, windowsOf: () => [] };

/** A stream, or what another operator gives, as an operator reads it. */
export interface OperatorRead {
  readonly stream: string;
  /** null: of no key. */
  readonly key: GroupKey;
}

/** What an operator reads, in the order of its `reads`. */
export type OperatorInputs = readonly [Relation, ...Relation[]];

/** Events that an exchange brings to the partitions of an operator. */
export interface Brought {
  readonly relation: Relation;
  /** Each event goes to one partition by hash of it; null: every partition gets every event. */
  readonly key: GroupKey;
  /** Of users, that the key names; absent for none. */
  readonly functions?: readonly UserFunction[] | undefined;
}

/** The partitions that an operator runs in. */
export interface OperatorPlacing {
  /** What their logs are named for. */
  readonly log: string;
  readonly partitions: number;
  /** By an exchange, which operators of the same log have in common; null: its input stands in these logs by itself. */
  readonly brings: readonly Brought[] | null;
  /** It is the only operator there, and its log has sums in place of events. */
  readonly sumsUp?: true;
  /** Each commit says how far the results have come, whether others read them or not. */
  readonly saysHowFar?: true;
}

/** What is known of an operator's partitions when it is put there. */
export interface OperatorSetting {
  readonly inputs: OperatorInputs;
  /** How its partitions call what it reads, in the same order. */
  readonly names: readonly string[];
  /** Whether an exchange reads what it gives under its own name. */
  readonly isRead: boolean;
}

export interface DeclaredOperator {
  readonly name: string;
  /** Of its OperatorKind. */
  readonly kind: string;
  /** At least one. */
  readonly reads: readonly OperatorRead[];
  /** Names of the relations that it gives, which others may be of. */
  readonly gives: readonly string[];
  /** What stands in the logs of a stream beside that one's events, and that this operator has others read. */
  readonly beside?: { readonly name: string; readonly stream: string; of(stream: Relation): Relation };
  /** It takes its events over from the operator that gives them, and stands directly behind that one. */
  readonly follows?: true;
  place(inputs: OperatorInputs, known: KnownExchanges): OperatorPlacing;
  /** By the names of `gives`. */
  relations(inputs: OperatorInputs, placing: OperatorPlacing): readonly Relation[];
  spec(setting: OperatorSetting): OperatorSpec;
}

/** In the partitions that have its first input already, with nothing brought. */
export function placedWithInput([of]: OperatorInputs): OperatorPlacing {
  return { log: logOf(of), partitions: of.partitions, brings: null };
}

/**
 * Each key in one partition: in those of the only stream that is read, where they have its keys together, else in those of
 * an exchange, as many as the largest input by a key has. `keys`: of each input the field; null brings its events to all.
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
