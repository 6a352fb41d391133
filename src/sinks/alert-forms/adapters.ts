/** Sinks that tell people: alerts in the forms of Alertmanager, Slack and PagerDuty. How they are sent is the webhook's. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { REDACTED, secret, timer, url } from '../../keys/value-schema.ts';
import { sinkAdapter } from '../adapter.ts';
import { originOnly } from '../webhook/adapter.ts';
import { webhookSink } from '../webhook/webhook.ts';
import { alertmanagerBody } from './alertmanager.ts';
import { pagerdutyBody } from './pagerduty.ts';
import { slackBody } from './slack.ts';
import { type ToldAlert, toldAlert } from './told-alert.ts';

const timeout = timer.prefault('5s').describe('For connecting, sending and the answer together.');
/** As many as one message can show. */
const SEVERAL = { events: 20, bytes: 1024 * 1024 };
const ALONE = { events: 1, bytes: 1024 * 1024 };
const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue';

/** Of a kind whose only setting of its own is where it posts several alerts at once; `target` is the address that is asked. */
function posting<Kind extends string>(
  kind: Kind,
  address: string,
  target: (url: string) => string,
  bodyOf: (alerts: readonly ToldAlert[], sink: string) => string,
) {
  return sinkAdapter({
    kind,
    isRemote: true,
    schema: z.strictObject({ url: url.describe(address), timeout }),
    derive: ({ url: to, timeout: ms }) => ({ url: to, timeoutMs: ms }),
    print: ({ url: to, timeoutMs }) => ({ url: to, timeout: formatDuration(timeoutMs) }),
    redact: ({ url: to }) => ({ url: originOnly(to) }),
    open: ({ url: to, timeoutMs }, { name, http }) =>
      webhookSink({
        name,
        url: target(to),
        batch: SEVERAL,
        deadlineMs: timeoutMs,
        http,
        bodyOf: (events) => bodyOf(events.map(toldAlert), name),
      }),
  });
}

export const alertmanagerAdapter = posting(
  'alertmanager',
  'Of Alertmanager itself, such as http://127.0.0.1:9093.',
  (url) => `${url.replace(/\/$/, '')}/api/v2/alerts`,
  alertmanagerBody,
);

export const slackAdapter = posting(
  'slack',
  'Of the incoming webhook; its path is the secret.',
  (url) => url,
  slackBody,
);

export const pagerdutyAdapter = sinkAdapter({
  kind: 'pagerduty',
  isRemote: true,
  schema: z.strictObject({
    key: secret.describe('The integration key of the service (Events API v2).'),
    url: url.prefault(PAGERDUTY),
    timeout,
  }),
  derive: ({ key, url: to, timeout: ms }) => ({ key, url: to, timeoutMs: ms }),
  print: ({ key, url: to, timeoutMs }) => ({ key, url: to, timeout: formatDuration(timeoutMs) }),
  redact: ({ url: to }) => ({ key: REDACTED, url: originOnly(to) }),
  open: ({ key, url: to, timeoutMs }, { name, http }) =>
    webhookSink({
      name,
      url: to,
      batch: ALONE,
      deadlineMs: timeoutMs,
      http,
      bodyOf: (events) => events.map((event) => pagerdutyBody(toldAlert(event), key)).join(''),
    }),
});
