import { LONG_MAX } from '../messages/avro.ts';

/** A sum that stays within what a message can hold: absurd amounts must not stop the partition. */
export function addCents(a: number, b: number): number {
  return Math.max(-LONG_MAX, Math.min(a + b, LONG_MAX));
}
