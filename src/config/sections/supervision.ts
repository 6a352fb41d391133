/** How often, and how fast, what fails is started again. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { timer } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

export interface SupervisionConfig {
  readonly intensity: number;
  /** A batch that fails so often is divided. What still fails in it is a dead letter. */
  readonly quarantineAfter: number;
  /** A call of an operator's code that takes longer counts as one that never returns. */
  readonly stuckAfterMs: number;
  readonly periodMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly jitter: number;
  readonly shutdownMs: number;
}

const schema = z
  .strictObject({
    intensity: z.int().min(0).default(5).describe('More restarts than this within `period` escalate.'),
    period: timer.prefault('30s'),
    quarantineAfter: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('A batch that fails so often is divided, and what fails in it becomes a dead letter.'),
    stuckAfter: timer
      .prefault('30s')
      .describe(
        'A call of an operator that takes so long is given up: its event is a dead letter, and all others go on.',
      ),
    minBackoff: timer.prefault('200ms').describe('Before the first restart; it doubles with each.'),
    maxBackoff: timer.prefault('10s'),
    jitter: z.number().min(0).max(1).default(0.2).describe('Random share added to each wait.'),
    shutdown: timer.prefault('5s').describe('An orderly stop may take so long.'),
  })
  .prefault({});

export const supervisionSection = section({
  key: 'supervision',
  schema,
  derive({ minBackoff, maxBackoff, shutdown, period, stuckAfter, ...rest }, { report }): SupervisionConfig {
    if (minBackoff > maxBackoff) report(['supervision', 'minBackoff'], 'must not be longer than maxBackoff');
    const times = { periodMs: period, minBackoffMs: minBackoff, maxBackoffMs: maxBackoff, shutdownMs: shutdown };
    return { ...rest, ...times, stuckAfterMs: stuckAfter };
  },
  print: (supervision) => ({
    intensity: supervision.intensity,
    period: formatDuration(supervision.periodMs),
    minBackoff: formatDuration(supervision.minBackoffMs),
    maxBackoff: formatDuration(supervision.maxBackoffMs),
    quarantineAfter: supervision.quarantineAfter,
    stuckAfter: formatDuration(supervision.stuckAfterMs),
    jitter: supervision.jitter,
    shutdown: formatDuration(supervision.shutdownMs),
  }),
});
