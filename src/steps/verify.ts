/** `monthly: { verify: journal }`: every checksum of the journal, beside the service, as `millrace journal verify` reads it. */
import { z } from 'zod';
import { stepAdapter } from './adapter.ts';
import { doesNotHold, ownCommand } from './own-command.ts';

export const verifyStep = stepAdapter({
  kind: 'verify',
  schema: z.literal('journal').describe('Checksums, offsets, snapshots and schemas of the whole journal are read.'),
  beside: {},
  derive: (of) => ({ of }),
  print: ({ of }) => [of, {}],
  open: (_, host) => ({
    async attempt(context, signal) {
      const end = await ownCommand(['journal', 'verify'], host, context, signal);
      if (!('said' in end)) return end;
      const { logs, findings } = end.said;
      if (!end.holds) return doesNotHold('the journal is damaged: see docs/journal.md', findings);
      return { kind: 'done', records: Array.isArray(logs) ? logs.length : 0, output: null };
    },
  }),
});
