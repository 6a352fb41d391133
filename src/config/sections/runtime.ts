/** How the work is spread over the machine. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { timer } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

export interface RuntimeConfig {
  readonly queueBatches: number;
  readonly threads: number;
  /** How long a small batch waits for others, to be one commit with them; 0 for no wait. */
  readonly lingerMs: number;
}

/** The sender of an event waits for its commit, and so for this time. */
const LONGEST_LINGER_MS = 10_000;

export const runtimeSection = section({
  key: 'runtime',
  schema: z
    .strictObject({
      queueBatches: z.int().min(2).max(1024).default(16).describe('Batches that wait for a partition at most.'),
      threads: z
        .int()
        .min(0)
        .max(64)
        .default(0)
        .describe(
          'Worker threads that the partitions are spread over; 0 computes all but operators of users in the main one.',
        ),
      linger: timer
        .prefault('0ms')
        .describe(
          'Batches that come within so long, at most 10s, become one commit of up to 64 KB: less work, and later by so much.',
        ),
    })
    .prefault({}),
  derive({ queueBatches, threads, linger }, { report }): RuntimeConfig {
    if (linger > LONGEST_LINGER_MS) report(['runtime', 'linger'], 'must not be longer than 10s');
    return { queueBatches, threads, lingerMs: linger };
  },
  print: ({ queueBatches, threads, lingerMs }) => ({ queueBatches, threads, linger: formatDuration(lingerMs) }),
});
