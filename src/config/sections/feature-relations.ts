/** The streams that features come to: vectors, what is on its way to them from key to key, and labels beside events. */
import { COMPANIONS } from '../../builtin-types.ts';
import type { FeatureStage } from '../../features/feature-spec.ts';
import { vectorSchema } from '../../features/vector-type.ts';
import { companionOf } from '../../messages/companion.ts';
import { keyFields } from '../../streams/group-key.ts';
import type { FeatureSet } from './feature-set.ts';
import { logOf, type Relation } from './relation.ts';

/** The stream that a stage gives, and the logs of the exchange that it has. */
export function stageName({ name, stages }: FeatureSet, stage: number): string {
  const { key } = stages[stage]!;
  return stage === stages.length - 1 ? name : `${name}.by.${keyFields(key).join('-')}`;
}

/** Whether all is computed in the partitions of the stream itself: of its own key, which is in one of them, without labels. */
export function areFeaturesWithin({ stages, isKeptTogether }: FeatureSet): boolean {
  return isKeptTogether && stages.length === 1 && stages[0]?.readsLabels === false;
}

/** The labels that come in the logs of a stream beside its events; null where none do. */
export function besideRelation({ labels }: FeatureSet, of: Relation): Relation | null {
  const companion = labels?.areBeside === true ? companionOf(COMPANIONS, of.schema) : null;
  if (companion === null) return null;
  const { schema, stream } = companion;
  return {
    name: `${of.name}.labels`,
    schema,
    key: stream.key,
    eventTime: stream.eventTime,
    partitions: of.partitions,
    watermark: of.watermark,
    log: logOf(of),
    isBeside: true,
  };
}

/** What each stage gives, the vectors last. */
export function stageRelations(set: FeatureSet, of: Relation): Relation[] {
  let { schema } = of;
  return set.stages.map((features, i) => {
    const name = stageName(set, i);
    const stage: FeatureStage = { ...features, input: '', timeField: '', order: null };
    schema = vectorSchema(name, schema, stage);
    return {
      name,
      schema,
      key: i === set.stages.length - 1 ? of.key : null,
      eventTime: of.eventTime,
      ...(of.timeLessMs === undefined ? {} : { timeLessMs: of.timeLessMs }),
      partitions: of.partitions,
      watermark: { kind: 'scripted' },
      log: areFeaturesWithin(set) ? logOf(of) : name,
    };
  });
}

/** The vectors. */
export function featureRelation(set: FeatureSet, of: Relation): Relation {
  const vectors = stageRelations(set, of).at(-1);
  if (vectors === undefined) throw new Error(`${set.name} has no stage`);
  return vectors;
}
