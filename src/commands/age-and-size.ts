/** `--age` and `--size` of the commands that say which old segments are meant. */
import { parseDuration, parseSize } from '../keys/units.ts';
import { type OptionValues, text } from './command.ts';
import { UsageError } from './exit.ts';

export interface AgeAndSize {
  /** Of the events, in milliseconds; null where nothing is said. */
  readonly ageMs: number | null;
  /** Of a log; null where nothing is said. */
  readonly maxBytes: number | null;
}

/** Throws a UsageError. */
export function ageAndSize(values: OptionValues): AgeAndSize {
  const [age, size] = [text(values, 'age'), text(values, 'size')];
  const ageMs = age === undefined ? null : parseDuration(age);
  const maxBytes = size === undefined ? null : parseSize(size);
  if (age !== undefined && ageMs === null)
    throw new UsageError(`--age takes a duration such as 12h or 30d, not ${age}`);
  if (size !== undefined && maxBytes === null)
    throw new UsageError(`--size takes a size such as 500MB or 10GB, not ${size}`);
  return { ageMs, maxBytes };
}
