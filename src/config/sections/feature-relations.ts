/**
 * Features as operators of the pipeline, a stage for each key, and the streams that they come to: vectors, what is on its way
 * to them from key to key, and labels beside events.
 */
import { COMPANIONS } from '../../builtin-types.ts';
import { featureKind } from '../../features/feature-operator.ts';
import { vectorSchema } from '../../features/vector-type.ts';
import { companionOf } from '../../messages/companion.ts';
import { keyFields } from '../../streams/group-key.ts';
import type { DeclaredOperator, OperatorRead } from '../declared-operator.ts';
import type { FeatureSet } from './feature-set.ts';
import { logOf, type Relation } from './relation.ts';

/** The name of the stream that a stage gives, and of the logs of its exchange. */
function stageName({ name, stages }: FeatureSet, stage: number): string {
  const { key } = stages[stage]!;
  return stage === stages.length - 1 ? name : `${name}.by.${keyFields(key).join('-')}`;
}

/**
 * Whether all features are computed in the partitions of the stream itself. They are where the stream's own key is in
 * one partition, and nothing reads labels or other streams.
 */
function areFeaturesWithin({ stages, isKeptTogether }: FeatureSet): boolean {
  const [first, ...others] = stages;
  return isKeptTogether && others.length === 0 && first?.readsLabels === false && first.asOf.length === 0;
}

function besideName(stream: string): string {
  return `${stream}.labels`;
}

/** The labels that come in the logs of a stream beside its events. */
function besideOf(stream: string): NonNullable<DeclaredOperator['beside']> {
  return {
    name: besideName(stream),
    stream,
    of(relation) {
      const companion = companionOf(COMPANIONS, relation.schema);
      if (companion === null) throw new Error(`${stream} has no labels beside its events`);
      return {
        name: besideName(stream),
        schema: companion.schema,
        key: companion.stream.key,
        eventTime: companion.stream.eventTime,
        partitions: relation.partitions,
        watermark: relation.watermark,
        log: logOf(relation),
        isBeside: true,
      };
    },
  };
}

/** What a stage gives. `of` is what it reads: the stream, or what the stage before it gives. */
function stageRelation(set: FeatureSet, stage: number, of: Relation): Relation {
  const name = stageName(set, stage);
  const features = set.stages[stage]!;
  return {
    name,
    schema: vectorSchema(name, of.schema, {
      ...features,
      input: '',
      timeField: '',
      order: null,
    }),
    key: features.isInner === true ? null : (keyFields(features.key)[0] ?? null),
    eventTime: of.eventTime,
    ...(of.timeLessMs === undefined ? {} : { timeLessMs: of.timeLessMs }),
    partitions: of.partitions,
    watermark: { kind: 'scripted' },
    log: areFeaturesWithin(set) ? logOf(of) : name,
  };
}

/** The stream of the vectors. */
export function featureRelation(set: FeatureSet, of: Relation): Relation {
  return set.stages.reduce((before, _, stage) => stageRelation(set, stage, before), of);
}

/**
 * The operators of the stages. A stage's partitions have the events of a key from all partitions of the stage before,
 * and the key's labels. The first stage brings the labels that stand beside the stream's events.
 */
export function declaredStages(set: FeatureSet): DeclaredOperator[] {
  const { stream, order, labels, stages, features: named } = set;
  const isWithin = areFeaturesWithin(set);
  return stages.map(({ readsLabels, asOf, ...features }, stage): DeclaredOperator => {
    const name = stageName(set, stage);
    const { key } = features;
    const read =
      !readsLabels || labels === null
        ? []
        : [...(labels.areBeside ? [besideName(stream)] : []), ...(labels.isDeclared ? [labels.stream] : [])];
    const own = [stage === 0 ? stream : stageName(set, stage - 1), ...read].map((each) => ({ stream: each, key }));
    const others = asOf.map((each) => ({ stream: each.input, key: each.key }));
    const reads = [...own, ...others].filter((each, i, all) => all.findIndex((other) => isSame(each, other)) === i);
    return {
      name,
      kind: featureKind.kind,
      reads,
      gives: [name],
      place(inputs, known) {
        const [of] = inputs;
        if (isWithin) return { log: logOf(of), partitions: of.partitions, brings: null };
        const brings = inputs.map((relation, i) => ({ relation, key: reads[i]?.key ?? key }));
        return { log: name, partitions: known.partitionsOf(name) ?? of.partitions, brings };
      },
      relations: ([of], { partitions }) => [{ ...stageRelation(set, stage, of), partitions }],
      ...(stage === 0 && labels?.areBeside === true ? { beside: besideOf(stream) } : {}),
      spec({ inputs: [of], names: [input = '', ...brought] }) {
        const calledOf = (other: OperatorRead | undefined): string =>
          brought[reads.findIndex((each) => other !== undefined && isSame(each, other)) - 1] ?? '';
        return featureKind.of(name, {
          input,
          timeField: of.eventTime,
          order,
          ...features,
          ...(features.isInner === true ? {} : { given: named.map(({ field }) => field) }),
          ...(readsLabels && labels !== null
            ? { labels: { inputs: brought.slice(0, read.length), id: labels.id, eventTime: labels.eventTime } }
            : {}),
          ...(asOf.length === 0 ? {} : { asOf: asOf.map((each, i) => ({ ...each, input: calledOf(others[i]) })) }),
        });
      },
    };
  });
}

function isSame(one: OperatorRead, other: OperatorRead): boolean {
  return one.stream === other.stream && JSON.stringify(one.key) === JSON.stringify(other.key);
}
