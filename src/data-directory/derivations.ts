/** What the partitions of each log derive, by the configuration. */
import type { Config } from '../config/config.ts';
import { type Relations, relationsOf } from '../config/relations.ts';
import type { DerivedConfig } from '../config/sections/derived.ts';
import { areFeaturesWithin, stageName } from '../config/sections/feature-relations.ts';
import type { FeatureSet } from '../config/sections/feature-set.ts';
import { isWithinPartition, type OperatorConfig } from '../config/sections/operators.ts';
import { isOfStream, logOf, type Relation, readBy, viewOf } from '../config/sections/relation.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { WindowConfig } from '../config/sections/windows.ts';
import { type KnownExchanges, NO_EXCHANGES, windowPlace } from '../config/window-place.ts';
import { featureKind } from '../features/feature-operator.ts';
import { DOMAIN_OPERATORS } from '../operator-kinds.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import { derivedKind } from '../streams/derived-operator.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import { windowKind } from '../streams/window-operator.ts';
import { type OperatorReading, userOperatorKind } from '../user-code/user-operator-kind.ts';

/** A pipeline's configuration, with what everything in it may be of. */
export interface Graph {
  readonly config: Config;
  readonly relations: Relations;
  readonly known: KnownExchanges;
}

export function graphOf(config: Config, known: KnownExchanges = NO_EXCHANGES): Graph {
  return { config, relations: relationsOf(config, known), known };
}

/** What the configuration says of a stream that can change what is derived from it. */
export function derivationOf(config: Config, stream: StreamConfig): Derivation {
  const graph = graphOf(config);
  const { name, expectations } = stream;
  const within = config.operators.filter((operator) => isWithin(operator, graph));
  const vectors = config.features.find((features) => features.stream === name);
  return {
    stream: name,
    inputs: [inputOf(stream, [])],
    operators: [
      ...config.windows.filter((window) => isOwnWindow(window, name, graph)).map((window) => windowSpec(window, graph)),
      ...derivedOfStream(name, graph),
      ...(vectors === undefined ? domainOperators(config, name, null) : []),
      ...within
        .filter(({ input }) => Object.keys(input).some((each) => readBy(graph.relations.named(each)).name === name))
        .map((operator) => userOperatorSpec(operator, graph, () => name)),
      ...(vectors !== undefined && areFeaturesWithin(vectors)
        ? [stageSpec(vectors, 0, stream, { input: name, labels: [] }), ...domainOperators(config, name, vectors.name)]
        : []),
      ...derivedOfOutputs(name, graph),
    ],
    ...(isLogRead(name, graph) ? { isRead: true as const } : {}),
    ...(expectations.length === 0 ? {} : { expectations }),
  };
}

/** What the domains make of a stream; where it has features, of its vectors, where these are computed. */
export function domainOperators(config: Config, stream: string, behind: string | null): OperatorSpec[] {
  return DOMAIN_OPERATORS.flatMap((operatorsOf) => operatorsOf(config, stream, behind));
}

/** Whether it runs in the partitions of its stream. */
export function isWithin(operator: OperatorConfig, { relations }: Graph): boolean {
  return isWithinPartition(operator, Object.keys(operator.input).map(relations.named));
}

/** Of the windows that read the logs of a stream those whose groups lie within one of its partitions. */
function isOwnWindow(window: WindowConfig, stream: string, { relations, known }: Graph): boolean {
  const { isExchange, log } = windowPlace(window, relations.named(window.stream), known);
  return !isExchange && log === stream;
}

export function windowSpec(window: WindowConfig, graph: Graph): OperatorSpec {
  const { stream, key, ...spec } = window;
  const of = viewOf(graph.relations.named(stream));
  const isRead = outputsRead(graph).has(spec.name);
  return windowKind.of(spec.name, {
    ...spec,
    keyField: key,
    ...(of === undefined ? {} : { of }),
    ...(isRead ? { isRead: true as const } : {}),
  });
}

/** A stage of features, by how its partition calls what it reads. */
export function stageSpec(
  set: FeatureSet,
  stage: number,
  of: Relation,
  reads: { readonly input: string; readonly labels: readonly string[] },
): OperatorSpec {
  const { order, labels, stages, features: named } = set;
  const { readsLabels, ...features } = stages[stage]!;
  return featureKind.of(stageName(set, stage), {
    input: reads.input,
    timeField: of.eventTime,
    order,
    ...features,
    ...(features.isInner === true ? {} : { given: named.map(({ field }) => field) }),
    ...(readsLabels && labels !== null
      ? { labels: { inputs: reads.labels, id: labels.id, eventTime: labels.eventTime } }
      : {}),
  });
}

function derivedOfStream(stream: string, { config, relations }: Graph): OperatorSpec[] {
  const own = config.derived.filter((each) => {
    const of = relations.named(each.stream);
    return isOfStream(of) && readBy(of).name === stream;
  });
  return own.map((each) => derivedSpec(each, relations.named(each.stream)));
}

/** Derived streams of what other operators give into these logs: they stand behind those. */
export function derivedOfOutputs(log: string, { config, relations }: Graph): OperatorSpec[] {
  return config.derived.flatMap((each) => {
    const of = relations.named(each.stream);
    if (isOfStream(of) || logOf(of) !== log) return [];
    const { name: stream, eventTime: timeField, timeLessMs } = readBy(of);
    const time = timeLessMs === undefined ? { timeField } : { timeField, timeLessMs };
    return [derivedSpec(each, of, { stream, ...time })];
  });
}

function derivedSpec(
  { stream: _, ...selection }: DerivedConfig,
  relation: Relation,
  output?: { readonly stream: string; readonly timeField: string },
): OperatorSpec {
  const of = viewOf(relation);
  return derivedKind.of(selection.name, {
    ...selection,
    ...(of === undefined ? {} : { of }),
    ...(output === undefined ? {} : { output }),
  });
}

/** `inputOf` says how the partition calls each stream that the operator reads. */
export function userOperatorSpec(
  operator: OperatorConfig,
  { relations }: Graph,
  inputNamed: (stream: string) => string,
): OperatorSpec {
  const { name, outputs: _, ...spec } = operator;
  const reads: Record<string, OperatorReading> = {};
  for (const stream of Object.keys(operator.input)) {
    const of = viewOf(relations.named(stream));
    const input = inputNamed(stream);
    if (of !== undefined || input !== stream) reads[stream] = { input, ...(of === undefined ? {} : { of }) };
  }
  return userOperatorKind.of(name, { ...spec, ...(Object.keys(reads).length === 0 ? {} : { reads }) });
}

/** Whether an exchange reads what operators give into these logs. */
export function isLogRead(log: string, graph: Graph): boolean {
  const read = outputsRead(graph);
  return graph.relations.all.some((relation) => logOf(relation) === log && read.has(readBy(relation).name));
}

/** What operators give, by name, as far as an exchange reads it. */
function outputsRead(graph: Graph): ReadonlySet<string> {
  const { config, relations } = graph;
  const names = [
    ...config.windows.map(({ stream }) => stream),
    ...config.joins.flatMap(({ left, right }) => [left, right]),
    ...config.operators.flatMap(({ input }) => Object.keys(input)),
  ];
  const read = names.map(relations.named).filter((relation) => !isOfStream(relation));
  return new Set(read.map((relation) => readBy(relation).name));
}

/** The events of a relation, as a partition takes them in from logs; from its own source where there are none. */
export function inputOf(relation: Relation, channels: readonly string[], stream = relation.name): DerivationInput {
  const { schema, eventTime: timeField, timeLessMs, watermark, isBeside } = relation;
  const time = timeLessMs === undefined ? { timeField } : { timeField, timeLessMs };
  return { stream, schema, ...time, watermark, channels, ...(isBeside === true ? { isBeside } : {}) };
}
