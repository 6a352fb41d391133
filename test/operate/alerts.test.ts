/** Faults of a real process reach whoever is on call: Prometheus scrapes it, Alertmanager tells a receiver. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/http/metric-table.ts';
import { ROOT, startService, temporaryDirectory } from '../integration/millrace.ts';
import { promtool, receiver, startAlertmanager, startPrometheus } from './servers.ts';

const RULES = readFileSync(join(ROOT, 'deploy/prometheus/millrace.rules.yml'), 'utf8');
const ALERTS = [...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');

interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function alertsIn(bodies: readonly string[]): readonly Alert[] {
  return bodies.flatMap((body) => JSON.parse(body).alerts);
}

const transaction = (transactionId: number, amountCents: number): string =>
  JSON.stringify({ transactionId, customerId: transactionId % 7, terminalId: 3, amountCents, occurredAt: Date.now() });

describe('the alert rules', () => {
  it('pass their unit tests, which name every one of them', () => {
    expect(promtool(['check', 'rules', 'deploy/prometheus/millrace.rules.yml'])).toMatchObject({ code: 0 });
    const tested = promtool(['test', 'rules', 'deploy/prometheus/millrace.rules.test.yml']);
    expect(tested).toMatchObject({ code: 0, output: expect.stringContaining('SUCCESS') });
    const tests = readFileSync(join(ROOT, 'deploy/prometheus/millrace.rules.test.yml'), 'utf8');
    const named = new Set([...tests.matchAll(/name: (\w+)/g)].map(([, name]) => name));
    expect(ALERTS.filter((alert) => !named.has(alert))).toEqual([]);
  });

  it('have a runbook each, and none is left over', () => {
    const runbooks = readdirSync(join(ROOT, 'docs/runbooks')).map((file) => file.replace(/\.md$/, ''));
    expect(runbooks.filter((name) => name !== 'README').sort()).toEqual([...ALERTS].sort());
    const links = [...RULES.matchAll(/runbook_url: docs\/runbooks\/(\w+)\.md/g)].map(([, name]) => name);
    expect(links).toEqual(ALERTS);
  });

  it('ask for metrics that there are', () => {
    const asked = new Set([...RULES.matchAll(/millrace_(\w+)/g)].map(([, name]) => name ?? ''));
    const known = Object.keys(METRICS).flatMap((name) => [name, `${name}_bucket`, `${name}_count`]);
    expect([...asked].filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('a fault of the service', () => {
  it('reaches the receiver, and so does its end', async () => {
    const [onCall, hook] = [await receiver(200), await receiver(400)];
    const data = temporaryDirectory();
    const words = ['--config', 'test/operate/pipeline.yaml', '--data', data];
    const service = await startService(words, { HOOK_URL: hook.url });
    const { host } = new URL(service.url);
    const prometheus = await startPrometheus(host, await startAlertmanager(onCall.url));
    let next = 0;
    const post = async (lines: readonly string[]): Promise<void> => {
      const url = `${service.url}/api/v1/streams/payments.transactions/events`;
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await fetch(url, { method: 'POST', headers, body: lines.join('\n') });
      expect(answer.status).toBe(200);
    };
    const sound = (): string => {
      next += 1;
      return transaction(next, 400);
    };
    const isTold = (alert: string, status: Alert['status']): boolean =>
      alertsIn(onCall.bodies).some((each) => each.labels.alertname === alert && each.status === status);
    async function until(holds: () => boolean | Promise<boolean>, meanwhile: () => Promise<void>): Promise<void> {
      const end = Date.now() + 90_000;
      while (!(await holds())) {
        if (Date.now() > end) throw new Error(`Not within 90 s; told so far: ${onCall.bodies.join('\n')}`);
        await meanwhile();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }

    // All is well: the rules can be evaluated, and nobody is told anything.
    await until(
      async () => Number((await prometheus.query('millrace_events_in_total'))[0]?.value[1] ?? 0) > 20,
      () => post([sound(), sound(), sound(), sound()]),
    );
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(promtool(['check', 'metrics'], metrics)).toEqual({ code: 0, output: '' });
    const ofHttp = await prometheus.query('millrace_http_request_duration_seconds_count{status="200"}');
    expect(ofHttp.map(({ metric }) => metric.route)).toContain('/api/v1/streams/:stream/events');
    expect(onCall.bodies).toEqual([]);

    // Broken input, which is also refused by the receiver of a sink; and values that an expectation does not allow.
    await until(
      () => ['MillraceDeadLetters', 'MillraceSinkGivesUp', 'MillraceQuality'].every((name) => isTold(name, 'firing')),
      () => post([sound(), transaction(next, 0), '{"broken']),
    );
    for (const { name, health, lastError } of await prometheus.rules()) {
      expect({ name, health, lastError: lastError ?? '' }).toEqual({ name, health: 'ok', lastError: '' });
    }
    expect(new Set((await prometheus.rules()).map(({ name }) => name))).toEqual(new Set(ALERTS));

    service.child.kill('SIGKILL');
    await service.ended;
    await until(
      () => isTold('MillraceDown', 'firing'),
      async () => {},
    );
    const again = await startService([...words, '--port', new URL(service.url).port], { HOOK_URL: hook.url });
    await until(
      () => isTold('MillraceDown', 'resolved'),
      async () => {},
    );
    again.child.kill('SIGINT');
    expect(await again.ended).toMatchObject({ code: 0 });

    for (const { labels, annotations } of alertsIn(onCall.bodies)) {
      expect(labels.severity).toMatch(/^(critical|warning)$/);
      expect(annotations.runbook_url).toBe(`docs/runbooks/${labels.alertname}.md`);
      expect(annotations.summary).not.toMatch(/<error|<no value>|\{\{/);
    }
  });
});
