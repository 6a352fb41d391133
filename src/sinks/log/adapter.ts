/** Events as lines of the service's log. */
import { z } from 'zod';
import { sinkAdapter } from '../adapter.ts';
import { logSink } from './log.ts';

export const logAdapter = sinkAdapter({
  kind: 'log',
  schema: z.strictObject({}).nullable(),
  derive: () => ({}),
  print: () => ({}),
  open: (_, { name, write }) => logSink({ name, write }),
});
