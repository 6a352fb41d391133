/** Results that are computed of a group's other results. */
import type { AvroSchema } from '../messages/avro.ts';
import type { WindowResult, WindowValue } from '../messages/window-result.ts';

export interface ComputedResult {
  readonly name: string;
  /** May name the aggregates, the results before this one, the key and its parts, `start` and `end`. */
  readonly expression: string;
  /** The result's type, nulls aside. */
  readonly type: AvroSchema;
}

/** Adds the computed results to a group's results. Returns whether the result is given: a result without events always is. */
export type FinishResult = (
  head: Pick<WindowResult, 'key' | 'start' | 'end' | 'count'>,
  results: Record<string, WindowValue>,
) => boolean;
