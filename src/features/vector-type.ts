/** The vector of an event: its own fields, then its features. An event's Avro is the beginning of its vector's. */
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import { derivedRecord } from '../messages/derived-event.ts';
import { escapedName } from '../messages/escaped-name.ts';
import { partialField, saysPartial } from '../streams/partial-field.ts';
import { type FeatureAggregate, type FeatureStage, measuredOf } from './feature-spec.ts';

const STAGES = 'dev.millrace.FeatureStage';

/** The schema of what a stage gives: a stream that users see, or one on its way to another key. */
export function vectorSchema(stream: string, event: AvroRecord, stage: FeatureStage): AvroRecord {
  const own = [...eventFields(event, stage), ...featureFields(stage)];
  const fields = stage.saysPartial === true ? [...own, partialField] : own;
  if (stage.isInner !== true) return derivedRecord(stream, 'An event with its features.', fields);
  return { type: 'record', name: escapedName(stream), namespace: STAGES, doc: 'An event with some features.', fields };
}

/** Those of the event alone. What an earlier stage says of partial features stands behind all, and is said once. */
export function eventFields(event: AvroRecord, stage: Pick<FeatureStage, 'saysPartial'>): readonly AvroField[] {
  return stage.saysPartial === true && saysPartial(event) ? event.fields.slice(0, -1) : event.fields;
}

function featureFields(stage: Pick<FeatureStage, 'windows' | 'asOf' | 'computed'>): AvroField[] {
  const { computed } = stage;
  const shown = measuredOf(stage).filter(({ isHidden }) => isHidden !== true);
  return [
    ...shown.map(aggregateField),
    ...computed.map(({ field, type }): AvroField => ({ name: field, type: ['null', type] })),
  ];
}

/** As expressions over features see it too. */
export function aggregateField({ field, fn }: Pick<FeatureAggregate, 'field' | 'fn'>): AvroField {
  if (fn === 'count' || fn === 'distinct') return { name: field, type: 'long' };
  return { name: field, type: fn === 'share' ? 'double' : ['null', 'double'] };
}
