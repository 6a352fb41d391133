/** `settled: { wait: { until: "{interval.end}", plus: 2h } }` or `{ wait: { file: "in/{interval.start|date}.csv" } }`. */
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { formatDuration } from '../keys/units.ts';
import { timer } from '../keys/value-schema.ts';
import { stepAdapter } from './adapter.ts';
import { checkText, textOf } from './step-text.ts';

const FIELDS = { plus: timer.prefault('0s'), every: timer.prefault('10s') };

export const waitStep = stepAdapter({
  kind: 'wait',
  schema: z
    .strictObject({
      until: z.string().optional().describe('An instant, such as "{interval.end}".'),
      plus: FIELDS.plus.describe('So much later than `until`, or than the beginning of the attempt.'),
      file: z.string().optional().describe('Until this file is there; relative to the pipeline file.'),
      every: FIELDS.every.describe('Between two looks at the file.'),
    })
    .refine(({ until, file }) => until === undefined || file === undefined, {
      message: 'waits `until` an instant or for a `file`',
    }),
  beside: {},
  derive: ({ until, plus, file, every }, _, resolve) => ({
    until: until ?? null,
    plusMs: plus,
    file: file === undefined ? null : resolve(file),
    everyMs: every,
  }),
  print: ({ until, plusMs, file, everyMs }) => [
    {
      ...(until === null ? {} : { until }),
      plus: formatDuration(plusMs),
      ...(file === null ? {} : { file }),
      every: formatDuration(everyMs),
    },
    {},
  ],
  check({ until, file }, place, report) {
    if (until !== null) checkText(until, place, ['wait', 'until'], report);
    if (file !== null) checkText(file, place, ['wait', 'file'], report);
  },
  open: ({ until, plusMs, file, everyMs }, { nowMs, sleep }) => ({
    async attempt(context, signal) {
      if (file !== null) {
        const path = textOf(file, context);
        context.log('info', `waits for ${path}`);
        for (;;) {
          const found = await stat(path).catch(() => null);
          if (found !== null) return { kind: 'done', records: 0, output: { file: path, bytes: found.size } };
          await sleep(everyMs, signal);
          signal.throwIfAborted();
        }
      }
      const written = until === null ? null : textOf(until, context);
      const from = written === null ? nowMs() : Date.parse(written);
      if (Number.isNaN(from)) return { kind: 'permanent', reason: `${written} is no instant` };
      const end = from + plusMs;
      context.log('info', `waits until ${new Date(end).toISOString()}`);
      while (nowMs() < end) {
        await sleep(Math.min(end - nowMs(), LOOK_EVERY_MS), signal);
        signal.throwIfAborted();
      }
      return { kind: 'done', records: 0, output: null };
    },
  }),
});

/** A clock that is set is noticed. */
const LOOK_EVERY_MS = 60_000;
