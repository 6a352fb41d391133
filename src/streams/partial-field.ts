/** Of events that are made without waiting for what is behind: the field that says so, a boolean. */
import type { AvroField, AvroRecord } from '../messages/avro.ts';

export const PARTIAL = 'isPartial';

export const partialField = {
  name: PARTIAL,
  type: 'boolean',
  doc: 'A partition was behind, and was not waited for: what it had of this time is not counted.',
} as const satisfies AvroField;

/** Whether the last field of the record is that. */
export function saysPartial({ fields }: AvroRecord): boolean {
  return fields.at(-1)?.name === PARTIAL;
}
