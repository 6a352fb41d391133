/** What a column can be read as where an event time is wanted. */
import type { ColumnKinds, Kind } from './column-kinds.ts';
import type { FoundTime } from './stream-draft.ts';

const SECONDS = { min: 1e8, max: 1e10 };
const TIME_NAME = /time|date|when|epoch|timestamp|_at$|At$|^at$|^ts$|_ts$/i;

/** Null where it is no time. */
export function timeOf(title: string, { range }: ColumnKinds, { name, format, lagMs }: Kind): FoundTime | null {
  switch (name) {
    case 'instant':
      return { format: {}, lagMs, isGuess: false };
    case 'date':
    case 'local':
    case 'clock':
      return { format: { timeZone: 'UTC' }, lagMs, isGuess: false };
    case 'format':
      return { format: { timeZone: 'UTC', timeFormat: format }, lagMs, isGuess: false };
    case 'int':
    case 'long': {
      if (!TIME_NAME.test(title) || range.min < SECONDS.min) return null;
      if (range.max < SECONDS.max) return { format: { epoch: 'seconds' }, lagMs: lagMs * 1000, isGuess: true };
      if (range.min < SECONDS.max * 10 || range.max > SECONDS.max * 1000) return null;
      return { format: {}, lagMs, isGuess: true };
    }
    default:
      return null;
  }
}
