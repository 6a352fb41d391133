/** Single values of the pipeline file: durations, sizes, instants, names, secrets. */
import { z } from 'zod';
import { parseDuration, parseSize } from './units.ts';

/** What stands for a secret in a printed configuration. */
export const REDACTED = '<redacted>';

/** The longest delay of a timer in Node.js: a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const unitPattern = (units: string): string => `^\\d+(\\.\\d+)?\\s*(${units})$|\\$\\{`;

/** Text in a unit, as the whole number of its smallest one. */
function measured(parse: (text: string) => number | null, wanted: string, pattern: string, max: number) {
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : `must be ${wanted}, with its unit`) })
    .meta({ pattern })
    .transform((text, context) => {
      const value = parse(text);
      if (value === null || value > max) context.addIssue({ code: 'custom', message: `must be ${wanted}` });
      return value ?? 0;
    });
}

const DURATION = 'a duration such as 500ms, 3s, 5m, 1h or 7d';
const durationPattern = unitPattern('ms|s|m|h|d');
export const duration = measured(parseDuration, DURATION, durationPattern, Number.MAX_SAFE_INTEGER);
/** A duration that a timer waits for. */
export const timer = measured(parseDuration, `${DURATION}, of at most 24 days`, durationPattern, MAX_TIMER_MS);
/** A size that has a bound; `such as` is an example of it, with the bound. */
export function sizeUpTo(suchAs: string, max: number) {
  return measured(parseSize, `a size such as ${suchAs}`, unitPattern('B|KB|MB|GB|b|kb|mb|gb'), max);
}

export const size = sizeUpTo('10GB', Number.MAX_SAFE_INTEGER);

const ISO_INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A UTC day or an instant with its zone: never one whose meaning depends on where the process runs. */
export const instant = z.string().transform((text, context) => {
  const epochMs = ISO_INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(epochMs)) {
    context.addIssue({ code: 'custom', message: 'must be a date such as 2018-04-01 or 2018-04-01T12:00:00Z' });
  }
  return epochMs;
});

export const name = z
  .string()
  .regex(
    /^[a-zA-Z][a-zA-Z0-9._-]{0,199}$/,
    'a name has letters, digits, dot, dash and underscore, and begins with a letter',
  );

export const secret = z
  .string()
  .min(1)
  .refine((text) => !text.includes(REDACTED), {
    message: `${REDACTED} stands where a secret was left out; write the secret, or \${VARIABLE}`,
  });

export const url = z
  .url({
    protocol: /^https?$/,
    error: ({ input }) => (input === undefined ? undefined : 'is not a URL such as https://host/path'),
  })
  .refine((text) => !text.includes(REDACTED), {
    message: `${REDACTED} stands where a secret was left out; write it, or \${VARIABLE}`,
  });
