/** Results that are computed of a group's other results. */
import type { AvroSchema } from '../messages/avro.ts';
import type { WindowResult, WindowValue } from '../messages/window-result.ts';

export interface ComputedResult {
  readonly name: string;
  /** Over the aggregates, the results before it, the key and its parts, `start` and `end`. */
  readonly expression: string;
  /** Nulls aside. */
  readonly type: AvroSchema;
}

/** Adds what is computed of them to a group's results. Returns whether the result is given: one without events always is. */
export type FinishResult = (
  head: Pick<WindowResult, 'key' | 'start' | 'end' | 'count'>,
  results: Record<string, WindowValue>,
) => boolean;
