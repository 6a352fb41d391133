/** Events that a job brings: its steps deliver them, each time that it runs. */
import { z } from 'zod';
import { sourceAdapter } from './adapter.ts';

export const jobSource = sourceAdapter({
  kind: 'job',
  schema: z.string(),
  derive: (job) => ({ job }),
  print: ({ job }) => job,
});
