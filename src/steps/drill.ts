/** `weekly: { drill: s3://bucket/payments, maxAge: 26h }`: whether a backup can be restored, as `millrace drill` tries it. */
import { z } from 'zod';
import { formatDuration } from '../keys/units.ts';
import { duration } from '../keys/value-schema.ts';
import { resolvedPlace } from '../places/place-name.ts';
import { stepAdapter } from './adapter.ts';
import { doesNotHold, ownCommand } from './own-command.ts';

export const drillStep = stepAdapter({
  kind: 'drill',
  schema: z.string().min(1).describe('The backup that is restored, beside the data, and removed again.'),
  beside: {
    maxAge: duration.nullable().prefault(null).describe('An older backup fails the step, such as 26h.'),
  },
  derive: (place, { maxAge }, resolve) => ({
    place: resolvedPlace(place, resolve),
    maxAgeMs: maxAge,
  }),
  print: ({ place, maxAgeMs }) => [place, { maxAge: maxAgeMs === null ? null : formatDuration(maxAgeMs) }],
  open: ({ place, maxAgeMs }, host) => ({
    async attempt(context, signal) {
      const age = maxAgeMs === null ? [] : ['--max-age', formatDuration(maxAgeMs)];
      const end = await ownCommand(['drill', '--from', place, ...age], host, context, signal);
      if (!('said' in end)) return end;
      const { findings, ...said } = end.said;
      context.log('info', `restored ${place}`, said);
      if (!end.holds) return doesNotHold(`the backup ${place} can not be relied on`, findings);
      return { kind: 'done', records: Number(said.comparedEvents ?? 0), output: said };
    },
  }),
});
