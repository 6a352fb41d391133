/** A range of time as commands take it: whole UTC days, both included, or instants, of which the last is not. */
import { UsageError } from './exit.ts';

const DAY_MS = 86_400_000;

/** Epoch ms; the end is exclusive. Throws a UsageError. */
export function timeRange(from: string | undefined, to: string | undefined): { fromMs: number; toMs: number } {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : timeOf('from', from);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : timeOf('to', to) + (isDay(to) ? DAY_MS : 0);
  if (fromMs >= toMs) throw new UsageError(`--from ${from} is not before --to ${to}`);
  return { fromMs, toMs };
}

/** Whether a word is meant as a time, though it may be none that there is. */
export function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\d($|T[\d:.]*(Z|[+-]\d\d:\d\d)$)/.test(text);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}

function timeOf(option: string, text: string): number {
  const ms = isDay(text) || /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  // A day that a month does not have becomes one of the next month.
  const isReal = !Number.isNaN(ms) && (!isDay(text) || new Date(ms).toISOString().startsWith(text));
  if (!isReal)
    throw new UsageError(`--${option} takes a UTC day such as 2018-08-08, or an instant with its zone, not ${text}`);
  return ms;
}
