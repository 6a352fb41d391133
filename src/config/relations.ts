/** Everything of a pipeline that has events, by its configuration. */
import type { Config } from './config.ts';
import { derivedRelation } from './sections/derived.ts';
import { besideRelation, stageRelations } from './sections/feature-relations.ts';
import { joinRelation } from './sections/joins.ts';
import { outputRelations } from './sections/operators.ts';
import type { Relation } from './sections/relation.ts';
import { unreadableResults, windowRelation } from './sections/window-relation.ts';
import { type KnownExchanges, NO_EXCHANGES, windowPlace } from './window-place.ts';

/** What windows, joins, derived streams and operators may be of, by name. */
export interface Relations {
  /** Each after those that it is of. */
  readonly all: readonly Relation[];
  /** Throws when there is none, which the check of a configuration has ruled out. */
  named(name: string): Relation;
}

/** Asked once for each stream, and to check one it has to check all: a pipeline of hundreds would start for minutes. */
const KNOWN: WeakMap<Config, Relations> = new WeakMap();

/** An exchange keeps the partitions that a data directory has of it. */
export function relationsOf(config: Config, known: KnownExchanges = NO_EXCHANGES): Relations {
  if (known !== NO_EXCHANGES) return relationsAmong(config, known);
  const own = KNOWN.get(config) ?? relationsAmong(config, known);
  KNOWN.set(config, own);
  return own;
}

function relationsAmong(config: Config, known: KnownExchanges): Relations {
  const all = new Map<string, Relation>(config.streams.map((stream) => [stream.name, stream]));
  const add = (relation: Relation): Relation => {
    all.set(relation.name, relation);
    return relation;
  };

  function built(name: string): Relation | undefined {
    const derived = config.derived.find((each) => each.name === name);
    if (derived !== undefined) return add(derivedRelation(derived, named(derived.stream)));
    const join = config.joins.find((each) => each.name === name);
    if (join !== undefined) {
      const relation = joinRelation(join, named(join.left), named(join.right));
      return add({ ...relation, partitions: known.partitionsOf(name) ?? relation.partitions });
    }
    const window = config.windows.find((each) => each.name === name);
    if (window !== undefined) return add(windowRelation(window, windowPlace(window, named(window.stream), known)));
    const features = config.features.find((each) => each.name === name);
    if (features !== undefined) {
      const of = named(features.stream);
      const beside = besideRelation(features, of);
      if (beside !== null) add(beside);
      for (const stage of stageRelations(features, of)) {
        const own = stage.log === stage.name ? known.partitionsOf(stage.name) : undefined;
        add({ ...stage, partitions: own ?? stage.partitions });
      }
      return all.get(name);
    }
    const operator = config.operators.find(({ outputs }) => outputs.some(({ stream }) => stream === name));
    if (operator === undefined) return undefined;
    for (const output of outputRelations(operator, Object.keys(operator.input).map(named))) {
      const own = output.log === operator.name ? known.partitionsOf(operator.name) : undefined;
      add({ ...output, partitions: own ?? output.partitions });
    }
    return all.get(name);
  }
  function named(name: string): Relation {
    const relation = all.get(name) ?? built(name);
    if (relation === undefined) throw new Error(`Nothing is called ${name}`);
    return relation;
  }

  for (const { name } of [...config.derived, ...config.joins]) named(name);
  for (const { outputs } of config.operators) for (const { stream } of outputs) named(stream);
  for (const { name } of config.features) named(name);
  for (const window of config.windows) if (unreadableResults(window) === null) named(window.name);
  return { all: [...all.values()], named };
}
