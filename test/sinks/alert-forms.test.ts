/** Alerts in the forms that people are told by. What Alertmanager itself sends of such alerts: test/operate/alert-forms.test.ts. */
import { describe, expect, it } from 'vitest';
import { serviceAlertType } from '../../src/messages/types.ts';
import { alertmanagerBody } from '../../src/sinks/alert-forms/alertmanager.ts';
import { pagerdutyBody } from '../../src/sinks/alert-forms/pagerduty.ts';
import { slackBody } from '../../src/sinks/alert-forms/slack.ts';
import { toldAlert } from '../../src/sinks/alert-forms/told-alert.ts';
import type { SinkEvent } from '../../src/sinks/sink.ts';
import { alertEvent, streamEvent } from './event-fixture.ts';

const AT = Date.UTC(2026, 10, 30, 12);

function serviceAlert(state: 'firing' | 'resolved', summary = 'readings: 3 of 4 expectations are not met'): SinkEvent {
  const value = {
    alertId: `check:readings@${new Date(AT).toISOString()}/${state}`,
    about: 'check:readings',
    state,
    severity: 'critical',
    summary,
    details: ['temperature is between -50 and 60: 3 rows are not'],
    at: AT,
  };
  const of = {
    stream: 'alerts',
    key: null,
    log: 'millrace.alerts-0',
    offset: 0,
    committedAt: AT,
    form: serviceAlertType,
  };
  return { ...of, id: value.alertId, value, json: JSON.stringify(value) };
}

describe('an alert as it is told', () => {
  it('has its severity in the words of those who are told, its time, and its reasons as sentences', () => {
    expect(toldAlert(alertEvent('a-1'))).toMatchObject({
      id: 'a-1',
      name: 'alerts',
      severity: 'critical',
      summary: 'alerts: Amount above the norm\nof the customer',
      at: '2018-04-01T00:00:00.000Z',
      isOver: false,
      fields: { customerId: '42', score: '0.97' },
    });
  });

  it('of the service has one id, whether it begins or ends', () => {
    const [begin, end] = [toldAlert(serviceAlert('firing')), toldAlert(serviceAlert('resolved'))];
    expect([begin.id, end.id]).toEqual(['check:readings', 'check:readings']);
    expect([begin.isOver, end.isOver]).toEqual([false, true]);
  });

  it('of any other stream says where it stands', () => {
    expect(toldAlert(streamEvent(7))).toMatchObject({
      id: 'clicks-0/7',
      severity: 'warning',
      summary: 'clicks: clicks-0/7',
    });
  });
});

describe('Alertmanager', () => {
  it('is told of the beginning and of the end under the same labels', () => {
    const told = [toldAlert(serviceAlert('firing')), toldAlert(serviceAlert('resolved'))];
    const [begin, end] = JSON.parse(alertmanagerBody(told, 'on-call'));
    expect(end.labels).toEqual(begin.labels);
    expect(begin).toMatchObject({ startsAt: '2026-11-30T12:00:00.000Z', labels: { sink: 'on-call' } });
    expect(end).toMatchObject({ endsAt: '2026-11-30T12:00:00.000Z' });
    expect(begin.annotations.description).toContain('3 rows');
  });
});

describe('Slack', () => {
  it('is given nothing that it would read as markup', () => {
    const body = slackBody([toldAlert(serviceAlert('firing', '<!channel> & <https://evil|click>'))]);
    expect(body).not.toMatch(/<[!@#h]/);
    expect(JSON.parse(body).attachments[0]).toMatchObject({
      color: 'danger',
      text: expect.stringContaining('&lt;!channel&gt; &amp;'),
    });
  });

  it('shows the end of an alert as good', () => {
    const [{ color, title }] = JSON.parse(slackBody([toldAlert(serviceAlert('resolved'))])).attachments;
    expect([color, title]).toEqual(['good', '[RESOLVED] check:readings (critical)']);
  });
});

describe('PagerDuty', () => {
  it('resolves what it has opened, by the same key of at most 255 characters', () => {
    const body = (event: SinkEvent) => JSON.parse(pagerdutyBody(toldAlert(event), 'r0uting'));
    const [begin, end] = [body(serviceAlert('firing')), body(serviceAlert('resolved'))];
    expect([begin.event_action, end.event_action]).toEqual(['trigger', 'resolve']);
    expect(end.dedup_key).toBe(begin.dedup_key);
    const long = alertEvent('x'.repeat(400));
    expect(body(long).dedup_key.length).toBeLessThanOrEqual(255);
    expect(body(serviceAlert('firing', 's'.repeat(5_000))).payload.summary.length).toBeLessThanOrEqual(1_024);
  });
});
