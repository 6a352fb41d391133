/** An alert for PagerDuty's Events API v2: one event a request, whose end has the `dedup_key` of its beginning. */
import { createHash } from 'node:crypto';
import type { ToldAlert } from './told-alert.ts';

const SUMMARY_CHARACTERS_MAX = 1_024;

export function pagerdutyBody(
  { id, name, severity, summary, details, at, isOver, fields }: ToldAlert,
  key: string,
): string {
  return JSON.stringify({
    routing_key: key,
    event_action: isOver ? 'resolve' : 'trigger',
    // At most 255 characters: an id may have more.
    dedup_key: createHash('sha256').update(id).digest('hex'),
    client: 'Millrace',
    payload: {
      summary: summary.slice(0, SUMMARY_CHARACTERS_MAX),
      source: 'millrace',
      severity,
      timestamp: at,
      class: name,
      custom_details: { ...fields, ...(details.length === 0 ? {} : { details: details.join('\n') }) },
    },
  });
}
