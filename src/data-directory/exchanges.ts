/**
 * The exchanges that a configuration needs: for windows and operators keyed by another field than their stream's, for
 * operators of several inputs, for joins, and for windows of what joins and operators give. An exchange keeps the partitions
 * that it began with, since its state lies by them. A data directory of a version before there were exchanges goes on with
 * the one log that took in everything, for the windows that it was begun for.
 */
import type { Config } from '../config/config.ts';
import { exchangeName } from '../config/exchange-name.ts';
import type { JoinConfig } from '../config/sections/joins.ts';
import { isWithinPartition, type OperatorConfig } from '../config/sections/operators.ts';
import { logOf, type Relation, readBy } from '../config/sections/relation.ts';
import type { WindowConfig } from '../config/sections/windows.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { logNamesOf } from '../messages/log-name.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { Exchange, ExchangeInput } from '../partition/exchange.ts';
import { type JoinSideSpec, joinKind } from '../streams/join-operator.ts';
import {
  allRelations,
  inputOfLogs,
  isLogRead,
  notedStreams,
  spansPartitions,
  userOperatorOf,
  viewOf,
  windowOf,
} from './derivation-history.ts';

export interface PlannedExchange {
  readonly exchange: Exchange;
  /** What its partitions make of what they get. */
  readonly derivation: Derivation;
}

/** What a data directory has of exchanges. */
export interface KnownExchanges {
  /** How many partitions one of this name has; undefined when there is none. */
  partitionsOf(name: string): number | undefined;
  /** The windows that it was last run for; none when there is none. */
  windowsOf(name: string): readonly string[];
}

const NO_EXCHANGES: KnownExchanges = { partitionsOf: () => undefined, windowsOf: () => [] };

export function knownExchanges(dataDir: string, fs: SyncFs): KnownExchanges {
  const noted = notedStreams(dataDir, fs);
  return {
    partitionsOf: (name) => noted.get(name)?.logs.size,
    windowsOf: (name) => noted.get(name)?.derivation.operators.map((operator) => operator.name) ?? [],
  };
}

/** Each comes after those whose logs it reads. */
export function exchangesOf(config: Config, known: KnownExchanges = NO_EXCHANGES): PlannedExchange[] {
  const relations: Relation[] = [];
  for (const relation of allRelations(config)) {
    const join = config.joins.find(({ name }) => name === relation.name);
    const own = relation.log === undefined ? undefined : known.partitionsOf(relation.log);
    const partitions = join === undefined ? (own ?? relation.partitions) : partitionsOfJoin(join, relations, known);
    relations.push({ ...relation, partitions });
  }
  return [
    ...config.operators
      .filter((operator) => !isWithinPartition(operator, config.streams))
      .map((operator) => operatorExchange(operator, relations, known, isLogRead(config, operator.name))),
    ...config.joins.map((join) => joinExchange(join, relations)),
    ...windowExchanges(config, relations, known),
  ];
}

/** Of the only log that took in everything, in versions before there were exchanges. */
function formerName(stream: string): string {
  return `${stream}.repartition`;
}

function partitionsOfJoin({ name, left, right }: JoinConfig, relations: readonly Relation[], known: KnownExchanges) {
  const sides = [left, right].map((side) => relationNamed(relations, side).partitions);
  return known.partitionsOf(name) ?? Math.max(...sides);
}

function joinExchange(join: JoinConfig, relations: readonly Relation[]): PlannedExchange {
  const { name, leftKey, rightKey, where, spec } = join;
  const left = relationNamed(relations, join.left);
  const right = relationNamed(relations, join.right);
  const { partitions } = relationNamed(relations, name);
  const sides = { left: sideOf(left, leftKey), right: sideOf(right, rightKey) };
  const operator = joinKind.of(name, { join: spec, ...(where === null ? {} : { where }), ...sides });
  return {
    exchange: { name, partitions, inputs: [inputOf(left, leftKey), inputOf(right, rightKey)] },
    derivation: {
      stream: name,
      inputs: [readingOf(left, relations), readingOf(right, relations)],
      operators: [operator],
      isRead: true,
    },
  };
}

function sideOf(relation: Relation, key: string): JoinSideSpec {
  const of = viewOf(relation);
  return { stream: readBy(relation).name, key, ...(of === undefined ? {} : { of }) };
}

function windowExchanges(config: Config, relations: readonly Relation[], known: KnownExchanges): PlannedExchange[] {
  const planned = new Map<string, PlannedExchange>();
  for (const window of config.windows) {
    const relation = relations.find(({ name }) => name === window.stream);
    if (relation === undefined) continue;
    const isDerived = relation.log !== undefined || config.joins.some(({ name }) => name === relation.name);
    if (!isDerived && !spansPartitions(window, relation)) continue;
    const exchange = windowExchange(window, relation, known);
    const own = planned.get(exchange.name);
    const operators = [...(own?.derivation.operators ?? []), windowOf(window, relation)];
    const inputs = [readingOf(relation, relations)] as const;
    planned.set(exchange.name, { exchange, derivation: { stream: exchange.name, inputs, operators } });
  }
  return [...planned.values()];
}

/** Each key of an operator comes to one partition, from whatever input; what is broadcast comes to all. */
function operatorExchange(
  operator: OperatorConfig,
  relations: readonly Relation[],
  known: KnownExchanges,
  isRead: boolean,
): PlannedExchange {
  const { name } = operator;
  const inputs = Object.entries(operator.input).map(([stream, key]) => {
    return { relation: relationNamed(relations, stream), key };
  });
  const keyed = inputs.filter(({ key }) => key !== null).map(({ relation }) => relation.partitions);
  const [first, ...others] = inputs.map(({ relation }) => readingOf(relation, relations));
  if (first === undefined) throw new Error(`The operator ${name} has no input`);
  return {
    exchange: {
      name,
      partitions: known.partitionsOf(name) ?? Math.max(1, ...keyed),
      inputs: inputs.map(({ relation, key }) => inputOf(relation, key)),
    },
    derivation: {
      stream: name,
      inputs: [first, ...others],
      operators: [userOperatorOf(operator)],
      ...(isRead ? { isRead: true as const } : {}),
    },
  };
}

function windowExchange(window: WindowConfig, relation: Relation, known: KnownExchanges): Exchange {
  const { name, key, top } = window;
  const stream = readBy(relation);
  const former = formerName(stream.name);
  const whole = { partitions: 1, inputs: [wholeInputOf(stream)] };
  if (known.windowsOf(former).includes(name)) return { name: former, ...whole };
  const own = exchangeName(window, relation);
  if (key === null || top !== undefined) return { name: own, ...whole };
  const partitions = known.partitionsOf(own) ?? stream.partitions;
  return { name: own, partitions, inputs: [inputOf(relation, key)] };
}

function inputOf(relation: Relation, key: string | null): ExchangeInput {
  const { name: stream, eventTime: timeField } = readBy(relation);
  const of = viewOf(relation);
  return { stream, key, isTableKey: key === relation.key, timeField, ...(of === undefined ? {} : { of }) };
}

function wholeInputOf({ name: stream, eventTime: timeField }: Relation): ExchangeInput {
  return { stream, key: null, isTableKey: false, timeField };
}

/** The logs of a relation, and how their events are read. */
function readingOf(relation: Relation, relations: readonly Relation[]): DerivationInput {
  const read = readBy(relation);
  const { partitions } = relationNamed(relations, read.name);
  return inputOfLogs(read, logNamesOf(logOf(read), partitions));
}

/** The configuration was checked: there is one. */
function relationNamed(relations: readonly Relation[], name: string): Relation {
  const relation = relations.find((candidate) => candidate.name === name);
  if (relation === undefined) throw new Error(`There is no stream or join ${name}`);
  return relation;
}
