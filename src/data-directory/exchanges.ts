/**
 * The exchanges that a configuration needs: for windows and operators keyed by another field than their stream's, for
 * operators of several inputs, for joins, and for windows and operators of what others give. An exchange keeps the
 * partitions that it began with, since its state lies by them. A data directory of a version before there were exchanges
 * goes on with the one log that took in everything, for the windows that it was begun for.
 */
import type { Config } from '../config/config.ts';
import { areFeaturesWithin, stageName } from '../config/sections/feature-relations.ts';
import type { FeatureSet } from '../config/sections/feature-set.ts';
import type { JoinConfig } from '../config/sections/joins.ts';
import type { OperatorConfig } from '../config/sections/operators.ts';
import { isOwnKey, logOf, type Relation, readBy, viewOf } from '../config/sections/relation.ts';
import { type KnownExchanges, NO_EXCHANGES, windowPlace } from '../config/window-place.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { logNamesOf } from '../messages/log-name.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { Exchange, ExchangeInput } from '../partition/exchange.ts';
import { inputChannelOf } from '../partition/input-channel.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { keyTextOf } from '../streams/field-key.ts';
import type { GroupKey } from '../streams/group-key.ts';
import { type JoinKey, type JoinSideSpec, joinKind } from '../streams/join-operator.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import { notedStreams } from './derivation-history.ts';
import {
  derivedOfOutputs,
  domainOperators,
  type Graph,
  graphOf,
  inputOf,
  isLogRead,
  isWithin,
  stageSpec,
  userOperatorSpec,
  windowSpec,
} from './derivations.ts';

export interface PlannedExchange {
  readonly exchange: Exchange;
  /** What its partitions make of what they get. */
  readonly derivation: Derivation;
}

export function knownExchanges(dataDir: string, fs: SyncFs): KnownExchanges {
  const noted = notedStreams(dataDir, fs);
  return {
    partitionsOf: (name) => noted.get(name)?.logs.size,
    windowsOf: (name) => noted.get(name)?.derivation.operators.map((operator) => operator.name) ?? [],
  };
}

/** Each comes after those whose logs it reads. */
export function exchangesOf(config: Config, known: KnownExchanges = NO_EXCHANGES): PlannedExchange[] {
  const graph = graphOf(config, known);
  return inOrder(
    [
      ...config.operators
        .filter((operator) => !isWithin(operator, graph))
        .map((operator) => operatorExchange(operator, graph)),
      ...config.features.filter((set) => !areFeaturesWithin(set)).flatMap((set) => featureExchanges(set, graph)),
      ...config.joins.map((join) => joinExchange(join, graph)),
      ...windowExchanges(graph),
    ],
    graph,
  );
}

function inOrder(planned: readonly PlannedExchange[], { relations }: Graph): PlannedExchange[] {
  const ordered = new Set<PlannedExchange>();
  const visit = (each: PlannedExchange): void => {
    if (ordered.has(each)) return;
    const logs = each.exchange.inputs.map(({ stream }) => logOf(relations.named(stream)));
    for (const other of planned) if (logs.includes(other.exchange.name)) visit(other);
    ordered.add(each);
  };
  planned.forEach(visit);
  return [...ordered];
}

interface Reading {
  readonly relation: Relation;
  /** null: every partition gets every event. */
  readonly key: GroupKey;
  readonly functions?: readonly UserFunction[] | undefined;
}

interface Inputs {
  readonly exchange: readonly ExchangeInput[];
  readonly derivation: readonly [DerivationInput, ...DerivationInput[]];
  /** How the partitions call what they read. */
  readonly names: readonly string[];
}

/** Where logs have the events of several inputs, each further one has channels of its own. */
function inputsOf(readings: readonly Reading[], { relations }: Graph): Inputs {
  const all = readings.map(({ relation, key, functions }, i) => {
    const read = readBy(relation);
    const { name, eventTime: timeField, timeLessMs, watermark } = read;
    const isOrdered =
      watermark.kind === 'bounded' && (watermark.idleTimeoutMs !== null || watermark.maxWaitMs !== undefined);
    const isFirst = readings.findIndex((other) => logOf(other.relation) === logOf(read)) === i;
    const isBeside = read.isBeside === true;
    const channel = isFirst || isBeside ? 0 : i;
    const of = viewOf(relation);
    const logs = logNamesOf(logOf(read), relations.named(name).partitions);
    const input: ExchangeInput = {
      stream: name,
      key,
      isTableKey: isOwnKey(relation, key),
      timeField,
      ...(timeLessMs === undefined ? {} : { timeLessMs }),
      ...(isOrdered ? { isOrdered } : {}),
      ...(of === undefined ? {} : { of }),
      ...(functions === undefined ? {} : { functions }),
      ...(channel === 0 ? {} : { channel }),
      ...(isBeside ? { isBeside } : {}),
    };
    const channels = logs.map((log) => inputChannelOf(log, channel));
    return { input, derivation: inputOf(read, channels, inputChannelOf(name, channel)) };
  });
  const [first, ...others] = all.map(({ derivation }) => derivation);
  if (first === undefined) throw new Error('An exchange has no input');
  return {
    exchange: all.map(({ input }) => input),
    derivation: [first, ...others],
    names: all.map(({ derivation }) => derivation.stream),
  };
}

function joinExchange(join: JoinConfig, graph: Graph): PlannedExchange {
  const { name, leftKey, rightKey, leftRef, where, functions, spec } = join;
  const { relations } = graph;
  const left = relations.named(join.left);
  const right = relations.named(join.right);
  const { partitions } = relations.named(name);
  const inputs = inputsOf(
    [
      { relation: left, key: leftKey, functions },
      // What left rows refer to is in every partition: a row may come to refer to any other.
      { relation: right, key: leftRef === null ? rightKey : null, functions },
    ],
    graph,
  );
  const [leftName = '', rightName = ''] = inputs.names;
  const isTable = { left: spec.kind === 'tables', right: spec.kind === 'tables' || spec.kind === 'table' };
  const sides = {
    left: { ...sideOf(leftName, left, leftKey, isTable.left), ...(leftRef === null ? {} : { ref: leftRef }) },
    right: sideOf(rightName, right, rightKey, isTable.right),
  };
  const used = functions === undefined ? {} : { functions };
  const operator = joinKind.of(name, { join: spec, ...(where === null ? {} : { where }), ...used, ...sides });
  return plan(name, partitions, inputs, [operator, ...derivedOfOutputs(name, graph)], true);
}

function plan(
  name: string,
  partitions: number,
  inputs: Inputs,
  operators: readonly OperatorSpec[],
  isRead: boolean,
): PlannedExchange {
  return {
    exchange: { name, partitions, inputs: inputs.exchange },
    derivation: { stream: name, inputs: inputs.derivation, operators, ...(isRead ? { isRead: true as const } : {}) },
  };
}

function sideOf(stream: string, relation: Relation, key: JoinKey, isTable: boolean): JoinSideSpec {
  const of = viewOf(relation);
  const deletes = isTable && relation.isTable === true;
  return { stream, key, ...(deletes ? { deletes } : {}), ...(of === undefined ? {} : { of }) };
}

function windowExchanges(graph: Graph): PlannedExchange[] {
  const { config, relations, known } = graph;
  const planned = new Map<string, PlannedExchange>();
  for (const window of config.windows) {
    const relation = relations.named(window.stream);
    const { isExchange, isWhole, log, partitions, sumsUp } = windowPlace(window, relation, known);
    if (!isExchange) continue;
    // All windows of one exchange take the same of it.
    const reading = isWhole
      ? { relation: readBy(relation), key: null }
      : { relation, key: window.key, functions: window.functions };
    const inputs = inputsOf([reading], graph);
    const operators = [...(planned.get(log)?.derivation.operators ?? []), windowSpec(window, graph)];
    const own = plan(log, partitions, inputs, operators, isLogRead(log, graph));
    planned.set(log, sumsUp ? { ...own, derivation: { ...own.derivation, sumsUp } } : own);
  }
  return [...planned.values()].map(({ exchange, derivation }) => {
    const operators = [...derivation.operators, ...derivedOfOutputs(exchange.name, graph)];
    return { exchange, derivation: { ...derivation, operators } };
  });
}

/** Each key of an operator comes to one partition, from whatever input; what is broadcast comes to all. */
function operatorExchange(operator: OperatorConfig, graph: Graph): PlannedExchange {
  const { name } = operator;
  const { relations, known } = graph;
  const readings = Object.entries(operator.input).map(([stream, key]) => {
    const relation = relations.named(stream);
    return { relation, key: key === null ? null : keyTextOf(relation.schema, key) };
  });
  const keyed = readings.filter(({ key }) => key !== null).map(({ relation }) => relation.partitions);
  const inputs = inputsOf(readings, graph);
  const named = new Map(readings.map(({ relation }, i) => [relation.name, inputs.names[i] ?? '']));
  const spec = userOperatorSpec(operator, graph, (stream) => named.get(stream) ?? stream);
  const partitions = known.partitionsOf(name) ?? Math.max(1, ...keyed);
  return plan(name, partitions, inputs, [spec, ...derivedOfOutputs(name, graph)], isLogRead(name, graph));
}

/** A stage for each key: its partitions have the events of a key from all of the stage before, and the labels of the key. */
function featureExchanges(set: FeatureSet, graph: Graph): PlannedExchange[] {
  const { config, relations } = graph;
  const { stream, labels, stages } = set;
  return stages.map(({ key, readsLabels }, stage) => {
    const name = stageName(set, stage);
    const of = relations.named(stage === 0 ? stream : stageName(set, stage - 1));
    const brought =
      !readsLabels || labels === null
        ? []
        : [
            ...(labels.areBeside ? [relations.named(`${stream}.labels`)] : []),
            ...(labels.isDeclared ? [relations.named(labels.stream)] : []),
          ];
    const inputs = inputsOf(
      [of, ...brought].map((relation) => ({ relation, key })),
      graph,
    );
    const [input = '', ...own] = inputs.names;
    const spec = stageSpec(set, stage, of, { input, labels: own });
    const isLast = stage === stages.length - 1;
    const isRead = !isLast || isLogRead(name, graph);
    const operators = [
      spec,
      ...(isLast ? domainOperators(config, stream, name) : []),
      ...derivedOfOutputs(name, graph),
    ];
    return plan(name, relations.named(name).partitions, inputs, operators, isRead);
  });
}
