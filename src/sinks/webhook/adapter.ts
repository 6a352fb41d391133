/** Events as JSON in POST requests. */
import { z } from 'zod';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { REDACTED, size, timer, url } from '../../keys/value-schema.ts';
import { sinkAdapter } from '../adapter.ts';
import { webhookSink } from './webhook.ts';

const ALONE = { events: 1, bytes: 1024 * 1024 };
const BATCH = { events: 500, bytes: 1024 * 1024 };

export const webhookAdapter = sinkAdapter({
  kind: 'webhook',
  isRemote: true,
  schema: z.strictObject({
    url,
    timeout: timer.prefault('5s'),
    batch: z
      .strictObject({ events: z.int().min(1).max(10_000).default(500), bytes: size.prefault('1MB') })
      .optional()
      .describe('One POST has a JSON array of so much. `events: 1` posts each event alone, as alerts are by default.'),
  }),
  derive: ({ url: to, timeout, batch }, { alertsOnly }) => ({
    url: to,
    timeoutMs: timeout,
    /** What one POST has at most. Where that is one event it is posted as it is, otherwise in an array. */
    batch: batch ?? (alertsOnly ? ALONE : BATCH),
  }),
  print: ({ url: to, timeoutMs, batch }) => ({
    url: to,
    timeout: formatDuration(timeoutMs),
    batch: { events: batch.events, bytes: formatSize(batch.bytes) },
  }),
  redact: ({ url: to }) => ({ url: originOnly(to) }),
  open: ({ url: to, timeoutMs, batch }, { name, http }) =>
    webhookSink({ name, url: to, batch, deadlineMs: timeoutMs, http }),
});

/** The path or query of a webhook is often its secret. */
export function originOnly(to: string): string {
  const { origin, pathname, search, username, password } = new URL(to);
  return pathname === '/' && search === '' && username === '' && password === '' ? to : `${origin}/${REDACTED}`;
}
