/** How many steps may be at work at once, by the pool whose slots they take. */
import { z } from 'zod';
import { DEFAULT_POOL } from '../../jobs/job.ts';
import { name } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

/** As many slots as Airflow's `parallelism` has by default. */
const DEFAULT_SLOTS = 32;

export const poolsSection = section({
  key: 'pools',
  schema: z
    .record(name, z.int().min(1).max(1000))
    .default({})
    .describe('Slots for the steps of jobs, by pool. Steps that name none take those of the pool `default`.'),
  derive: (raw): Readonly<Record<string, number>> => ({ [DEFAULT_POOL]: DEFAULT_SLOTS, ...raw }),
  print: (pools) => pools,
});
