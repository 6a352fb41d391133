/** Tumbling windows as windows and joins are both written: how long they are, and where the first begins. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';

export const offset = duration.prefault('0s').describe('Moves the start of every window.');

export const tumbling = z.strictObject({ tumbling: duration.describe('Length of each window.'), offset });

export function checkTumbling(at: readonly string[], raw: z.output<typeof tumbling>, report: Report): void {
  if (raw.tumbling <= 0) report([...at, 'tumbling'], 'must be longer than 0');
  else if (raw.offset >= raw.tumbling) report([...at, 'offset'], 'must be shorter than the window');
}

export function printTumbling({ sizeMs, offsetMs }: { readonly sizeMs: number; readonly offsetMs: number }) {
  return { tumbling: formatDuration(sizeMs), offset: formatDuration(offsetMs) };
}
