/** `nightly: { backup: s3://bucket/payments }`: a backup of the service's own data directory, as `millrace backup` makes it. */
import { z } from 'zod';
import { resolvedPlace } from '../places/place-name.ts';
import { stepAdapter } from './adapter.ts';
import { ownCommand } from './own-command.ts';

export const backupStep = stepAdapter({
  kind: 'backup',
  schema: z
    .string()
    .min(1)
    .describe('Where the backup goes: a folder, or s3://bucket/prefix. An earlier one there is replaced.'),
  beside: {},
  derive: (place, _, resolve) => ({ place: resolvedPlace(place, resolve) }),
  print: ({ place }) => [place, {}],
  open: ({ place }, host) => ({
    async attempt(context, signal) {
      const end = await ownCommand(['backup', '--to', place], host, context, signal);
      if (!('said' in end)) return end;
      const { logs, ...said } = end.said;
      context.log('info', `backed up to ${place}`, said);
      return { kind: 'done', records: Array.isArray(logs) ? logs.length : 0, output: said };
    },
  }),
});
