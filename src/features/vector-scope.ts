/** The names that expressions over features may use. */
import type { AvroRecord } from '../messages/avro.ts';
import type { ComputedFeature, measuredOf } from './feature-spec.ts';
import { aggregateField } from './vector-type.ts';

/** Fields of the event, aggregates and values of other streams, and what is computed before it. */
export function featureScope(
  event: AvroRecord,
  measured: ReturnType<typeof measuredOf>,
  before: readonly ComputedFeature[],
): AvroRecord {
  return {
    ...event,
    fields: [
      ...event.fields,
      ...measured.map(aggregateField),
      ...before.map(({ field, type }) => ({ name: field, type: ['null', type] }) as const),
    ],
  };
}
