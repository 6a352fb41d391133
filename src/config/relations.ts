/** Everything of a pipeline that has events, and the operators that it comes of, by its configuration. */
import { type Config, declaredOperators } from './config.ts';
import {
  type DeclaredOperator,
  type KnownExchanges,
  NO_EXCHANGES,
  type OperatorInputs,
  type OperatorPlacing,
} from './declared-operator.ts';
import type { Relation } from './sections/relation.ts';

/** An operator where it runs. */
export interface PlacedOperator {
  readonly operator: DeclaredOperator;
  readonly inputs: OperatorInputs;
  readonly placing: OperatorPlacing;
}

export interface Relations {
  /** The relations that operators may read. */
  readonly all: readonly Relation[];
  readonly operators: readonly PlacedOperator[];
  /** Throws when there is none, which the check of a configuration has ruled out. */
  named(name: string): Relation;
}

/**
 * One answer for each configuration. Each stream asks, and a check asks for all: without this a pipeline of hundreds
 * would start for minutes.
 */
const KNOWN: WeakMap<Config, Relations> = new WeakMap();

/** The relations of a configuration. An exchange keeps the partitions that a data directory has of it. */
export function relationsOf(config: Config, known: KnownExchanges = NO_EXCHANGES): Relations {
  if (known !== NO_EXCHANGES) return relationsAmong(config, known);
  const own = KNOWN.get(config) ?? relationsAmong(config, known);
  KNOWN.set(config, own);
  return own;
}

function relationsAmong(config: Config, exchanges: KnownExchanges): Relations {
  const all = new Map<string, Relation>(config.streams.map((stream) => [stream.name, stream]));
  const operators = declaredOperators(config);
  const giving = new Map(operators.flatMap((operator) => operator.gives.map((name) => [name, operator] as const)));
  const beside = new Map(
    operators.flatMap((operator) => (operator.beside ? [[operator.beside.name, operator.beside]] : [])),
  );
  const placed = new Map<DeclaredOperator, PlacedOperator>();

  function place(operator: DeclaredOperator): PlacedOperator {
    const known = placed.get(operator);
    if (known !== undefined) return known;
    const [first, ...others] = operator.reads.map(({ stream }) => named(stream));
    if (first === undefined) throw new Error(`The operator ${operator.name} reads nothing`);
    const inputs: OperatorInputs = [first, ...others];
    const own = { operator, inputs, placing: operator.place(inputs, exchanges) };
    placed.set(operator, own);
    for (const relation of operator.relations(inputs, own.placing)) all.set(relation.name, relation);
    return own;
  }
  function named(name: string): Relation {
    const operator = giving.get(name);
    if (operator !== undefined) place(operator);
    const stands = beside.get(name);
    if (stands !== undefined && !all.has(name)) all.set(name, stands.of(named(stands.stream)));
    const relation = all.get(name);
    if (relation === undefined) throw new Error(`Nothing is called ${name}`);
    return relation;
  }

  for (const operator of operators) place(operator);
  return { all: [...all.values()], operators: operators.map(place), named };
}
