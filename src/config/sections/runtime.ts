/** How the work is spread over the machine. */
import { z } from 'zod';
import { section } from '../section.ts';

export interface RuntimeConfig {
  readonly queueBatches: number;
  readonly threads: number;
}

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
    })
    .prefault({}),
  derive: (raw): RuntimeConfig => raw,
  print: (runtime) => runtime,
});
