/** The zone whose days the windows of a file are. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { isZone } from '../../messages/time-zone.ts';
import { nearestWord } from '../../nearest-word.ts';
import { DAY_MS } from '../../streams/local-days.ts';
import type { Windowing } from '../../streams/window-kind.ts';

export const timeZone = z
  .string()
  .nullable()
  .default(null)
  .describe('Whose days these are, such as America/New_York: all lengths are whole days then.');

interface RawZone {
  readonly timeZone: string | null;
}

/** The zone of a state; nothing for UTC, of which no state says anything. */
export function inZone(raw: RawZone): { readonly timeZone?: string } {
  return raw.timeZone === null ? {} : { timeZone: raw.timeZone };
}

export function printZone({ timeZone: zone }: { readonly timeZone?: string }): RawZone {
  return { timeZone: zone ?? null };
}

export function checkTimeZone(at: readonly string[], window: Windowing, report: Report): void {
  if (!('timeZone' in window) || window.timeZone === undefined) return;
  if (!isZone(window.timeZone)) {
    report([...at, 'timeZone'], unknownZone(window.timeZone));
  }
  const lengths = [window.sizeMs, window.offsetMs, window.kind === 'hopping' ? window.everyMs : 0];
  if (lengths.some((lengthMs) => lengthMs % DAY_MS !== 0)) {
    report([...at, 'timeZone'], 'is for windows of whole days, such as 1d; an hour is the same in most zones');
  }
}

/** What is wrong with a zone, with the nearest name. `Berlin` and `europe/berlim` are both near Europe/Berlin. */
export function unknownZone(zone: string): string {
  const known = Intl.supportedValuesOf('timeZone');
  const city = known.find((candidate) => candidate.toLowerCase().endsWith(`/${zone.toLowerCase()}`));
  const nearest = city ?? nearestWord(zone, known);
  const hint = nearest === undefined ? 'zones are called as America/New_York' : `did you mean ${nearest}?`;
  return `there is no zone ${JSON.stringify(zone)}; ${hint}`;
}
