import type { AvroSchema } from './avro.ts';

/** A type with an annotation, of which the types of our own schemas know but one. */
export function annotated(type: string, logicalType: string, more: Readonly<Record<string, number>> = {}): AvroSchema {
  return JSON.parse(JSON.stringify({ type, logicalType, ...more }));
}
