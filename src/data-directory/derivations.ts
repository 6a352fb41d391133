/** What the partitions of each log derive, by the operators that the configuration declares. */
import type { Config } from '../config/config.ts';
import { type KnownExchanges, NO_EXCHANGES, type OperatorSetting } from '../config/declared-operator.ts';
import { type PlacedOperator, type Relations, relationsOf } from '../config/relations.ts';
import { isOfStream, logOf, type Relation, readBy } from '../config/sections/relation.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';

/** The operators of a pipeline, and the relations that they may read. */
export interface Graph {
  readonly relations: Relations;
  /** Operators by what their logs are named for, in the order in which they see each batch. */
  readonly operators: ReadonlyMap<string, readonly PlacedOperator[]>;
  /** The names of what operators give and an exchange reads. */
  readonly read: ReadonlySet<string>;
}

/** One graph for each configuration: every stream asks for it. */
const KNOWN: WeakMap<Config, Graph> = new WeakMap();

export function graphOf(config: Config, known: KnownExchanges = NO_EXCHANGES): Graph {
  if (known !== NO_EXCHANGES) return graphAmong(relationsOf(config, known));
  const own = KNOWN.get(config) ?? graphAmong(relationsOf(config));
  KNOWN.set(config, own);
  return own;
}

function graphAmong(relations: Relations): Graph {
  const byLog = new Map<string, PlacedOperator[]>();
  for (const each of relations.operators) {
    const { log } = each.placing;
    const others = byLog.get(log);
    if (others === undefined) byLog.set(log, [each]);
    else others.push(each);
  }
  const brought = relations.operators.flatMap(({ placing }) => placing.brings ?? []);
  const read = brought.map(({ relation }) => relation).filter((each) => !isOfStream(each) && each.isBeside !== true);
  return {
    relations,
    operators: new Map([...byLog].map(([log, operators]) => [log, inTurn(operators)])),
    read: new Set(read.map((relation) => readBy(relation).name)),
  };
}

/**
 * Orders operators by kind, as the list of kinds has them, and then as they are declared. An operator that reads what
 * others of its partition give stands behind all that read events, unless it takes over from one of them.
 */
function inTurn(operators: readonly PlacedOperator[]): PlacedOperator[] {
  const rankOf = ({ operator }: PlacedOperator): number =>
    OPERATOR_KINDS.findIndex(({ kind }) => kind === operator.kind);
  const sorted = operators.toSorted((a, b) => rankOf(a) - rankOf(b));
  const turn = new Set<PlacedOperator>();
  for (const each of sorted) {
    if (isOfOutputs(each)) continue;
    turn.add(each);
    for (const other of sorted) if (other.operator.follows === true && isOf(other, each)) turn.add(other);
  }
  const visit = (each: PlacedOperator): void => {
    if (turn.has(each)) return;
    for (const other of sorted) if (isOf(each, other)) visit(other);
    turn.add(each);
  };
  sorted.forEach(visit);
  return [...turn];
}

function isOfOutputs({ placing, inputs }: PlacedOperator): boolean {
  return placing.brings === null && inputs.some((input) => !isOfStream(input));
}

function isOf({ inputs }: PlacedOperator, { operator }: PlacedOperator): boolean {
  return inputs.some((input) => operator.gives.includes(readBy(input).name));
}

/** What the configuration says of a stream that can change what is derived from it. */
export function derivationOf(config: Config, stream: StreamConfig): Derivation {
  const graph = graphOf(config);
  const { name, expectations } = stream;
  return {
    stream: name,
    inputs: [inputOf(stream, [])],
    operators: (graph.operators.get(name) ?? []).map((each) => specOf(each, null, graph)),
    ...(isLogRead(name, graph) ? { isRead: true as const } : {}),
    ...(expectations.length === 0 ? {} : { expectations }),
  };
}

/** `brought`: how the partitions call what an exchange brings; null where no exchange brings anything. */
export function specOf(
  { operator, inputs, placing }: PlacedOperator,
  brought: OperatorSetting['names'] | null,
  { read }: Graph,
): OperatorSpec {
  const own = inputs.map((relation) => readBy(relation).name);
  const names = placing.brings === null || brought === null ? own : brought;
  return operator.spec({ inputs, names, isRead: read.has(operator.name) });
}

/** Whether an exchange reads what operators give into this log. */
export function isLogRead(log: string, { relations, read }: Graph): boolean {
  return relations.all.some((relation) => logOf(relation) === log && read.has(readBy(relation).name));
}

/** How a partition takes in the events of a relation: from logs, or from its own source where there are no logs. */
export function inputOf(relation: Relation, channels: readonly string[], stream = relation.name): DerivationInput {
  const { schema, eventTime: timeField, timeLessMs, watermark, isBeside } = relation;
  const time = timeLessMs === undefined ? { timeField } : { timeField, timeLessMs };
  return { stream, schema, ...time, watermark, channels, ...(isBeside === true ? { isBeside } : {}) };
}
