/**
 * The real Alertmanager takes our alerts, and tells Slack and PagerDuty of them in its own way: what we send to these has no
 * field that Alertmanager does not send, and each is of the same kind.
 */
import { expect, it, vi } from 'vitest';
import { alertmanagerBody } from '../../src/sinks/alert-forms/alertmanager.ts';
import { pagerdutyBody } from '../../src/sinks/alert-forms/pagerduty.ts';
import { slackBody } from '../../src/sinks/alert-forms/slack.ts';
import { toldAlert } from '../../src/sinks/alert-forms/told-alert.ts';
import { webhookSink } from '../../src/sinks/webhook/webhook.ts';
import { alertEvent } from '../sinks/event-fixture.ts';
import { receiver, startAlertmanager } from './servers.ts';

/** By path, the kind of each value; the first item of a list stands for all. */
function shape(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return shape(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([name, member]) => shape(member, `${path}.${name}`));
}

it('alerts reach Alertmanager, and look to Slack and PagerDuty as its own do', { timeout: 90_000 }, async () => {
  const [webhook, slack, pagerduty] = [await receiver(200), await receiver(200), await receiver(202)];
  const key = 'c0ffee5eed0ddba11c0ffee5eed0ddba';
  const alertmanager = await startAlertmanager(
    webhook.url,
    `slack_configs: [{ api_url: '${slack.url}', channel: '#on-call', title: 'a', text: 'b' }]
    pagerduty_configs: [{ url: '${pagerduty.url}', routing_key: '${key}', class: 'c' }]`,
  );
  const now = { occurredAt: Date.now() };
  const event = alertEvent('a-1');
  const recent = { ...event, json: JSON.stringify({ ...JSON.parse(event.json), ...now }) };
  const told = toldAlert(recent);
  const sink = webhookSink({
    name: 'on-call',
    url: `http://${alertmanager}/api/v2/alerts`,
    bodyOf: (events) => alertmanagerBody(events.map(toldAlert), 'on-call'),
  });
  await sink.deliver([recent], new AbortController().signal);
  const held: { labels: object; startsAt: string }[] = JSON.parse(
    await (await fetch(`http://${alertmanager}/api/v2/alerts`)).text(),
  );
  expect(held).toMatchObject([{ labels: { alertname: 'alerts', severity: 'critical', alert_id: 'a-1' } }]);
  expect(Date.parse(held[0]?.startsAt ?? '')).toBe(now.occurredAt);

  const soon = { timeout: 60_000, interval: 200 };
  await vi.waitFor(() => expect([slack.bodies.length, pagerduty.bodies.length]).toEqual([1, 1]), soon);
  const theirs = { slack: JSON.parse(slack.bodies[0] ?? ''), pagerduty: JSON.parse(pagerduty.bodies[0] ?? '') };
  expect(shape(theirs.slack)).toEqual(expect.arrayContaining(shape(JSON.parse(slackBody([told])))));
  const ours = shape(JSON.parse(pagerdutyBody(told, key)));
  // What each alert has of its own stands here; and a time, which Alertmanager leaves to PagerDuty.
  const common = ours.filter((field) => !/^\.payload\.(?:custom_details\.|timestamp)/.test(field));
  expect(common.length).toBeGreaterThan(6);
  expect(shape(theirs.pagerduty)).toEqual(expect.arrayContaining(common));
  expect(theirs.pagerduty.event_action).toBe('trigger');
});
