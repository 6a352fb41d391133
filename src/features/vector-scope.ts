/** What expressions over features may name. */
import type { AvroRecord } from '../messages/avro.ts';
import type { ComputedFeature, FeatureAggregate } from './feature-spec.ts';
import { aggregateField } from './vector-type.ts';

/** Fields of the event, aggregates, and what is computed before it. */
export function featureScope(
  event: AvroRecord,
  aggregates: readonly FeatureAggregate[],
  before: readonly ComputedFeature[],
): AvroRecord {
  return {
    ...event,
    fields: [
      ...event.fields,
      ...aggregates.map(aggregateField),
      ...before.map(({ field, type }) => ({ name: field, type: ['null', type] }) as const),
    ],
  };
}
