/** The event times of a block. */
import type { Columns } from '../messages/columns.ts';

/** The time of an event is one of its fields, less `timeLessMs` milliseconds where that is given. */
export interface TimeField {
  readonly timeField: string;
  readonly timeLessMs?: number;
}

export function eventTimes(columns: Columns, { timeField, timeLessMs = 0 }: TimeField): Float64Array {
  const times = columns.numbers(timeField);
  return timeLessMs === 0 ? times : times.map((timeMs) => timeMs - timeLessMs);
}
