/** The exposition, read by a parser of the format's grammar: prometheus.io/docs/instrumenting/exposition_formats. */
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/http/metrics.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/;

function parse(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* /.test(line))
    .map((line) => {
      const match = SAMPLE.exec(line);
      if (match === null) throw new Error(`Not in the exposition format: ${line}`);
      const pairs = [...(match[2] ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)];
      const value = match[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(match[3]);
      return {
        name: match[1] ?? '',
        labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
        value,
      };
    });
}

describe('metrics', () => {
  test('what was counted is in the exposition under the documented names', async () => {
    const declared = [
      { name: 'open_doors', help: 'Doors that are open.' },
      { name: 'open_gates', help: 'Gates that are open.' },
    ];
    const metrics = createMetrics({ version: '1.2.3', declared });
    metrics.add('events_in_total', { source: 'http' }, 5);
    metrics.add('events_in_total', { source: 'http' }, 2);
    metrics.add('commits_total', { log: 'payments.transactions-0' });
    metrics.add('late_events_total', {}, 4);
    metrics.add('late_event_windows_total', {}, 7);
    metrics.add('dead_letters_total', { reason: 'not-json' });
    metrics.add('expectation_failures_total', { stream: 'orders', expectation: 'status in ["a\\b"]' }, 3);
    metrics.add('actor_restarts_total', { actor: 'fetcher' });
    metrics.observe('stage_duration_seconds', { stage: 'commit' }, 0.02);
    metrics.observe('stage_duration_seconds', { stage: 'commit' }, 90);
    metrics.onCollect(() => ({
      watermark_delay_seconds: [{ labels: { stream: 'clicks' }, value: 2.5 }],
      queue_depth: [{ labels: { stage: 'sink/"x"\n' }, value: 3 }],
      open_doors: [{ labels: {}, value: 2 }],
      log_stalled: [
        { labels: { log: 'clicks-0' }, value: 1 },
        { labels: { log: 'clicks-1' }, value: 0 },
      ],
    }));
    const samples = parse((await metrics.text()).body);
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find(
        (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
      )?.value;
    expect(value('millrace_events_in_total', { source: 'http' })).toBe(7);
    expect(value('millrace_commits_total', { log: 'payments.transactions-0' })).toBe(1);
    expect(value('millrace_late_events_total')).toBe(4);
    expect(value('millrace_late_event_windows_total')).toBe(7);
    expect(value('millrace_dead_letters_total', { reason: 'not-json' })).toBe(1);
    expect(value('millrace_expectation_failures_total', { stream: 'orders' })).toBe(3);
    expect(value('millrace_actor_restarts_total', { actor: 'fetcher' })).toBe(1);
    expect(value('millrace_stage_duration_seconds_bucket', { stage: 'commit', le: '0.025' })).toBe(1);
    expect(value('millrace_stage_duration_seconds_bucket', { stage: 'commit', le: '+Inf' })).toBe(2);
    expect(value('millrace_stage_duration_seconds_sum', { stage: 'commit' })).toBeCloseTo(90.02);
    expect(value('millrace_watermark_delay_seconds', { stream: 'clicks' })).toBe(2.5);
    expect(value('millrace_log_stalled', { log: 'clicks-0' })).toBe(1);
    expect(value('millrace_log_stalled', { log: 'clicks-1' })).toBe(0);
    expect(value('millrace_queue_depth', { stage: 'sink/\\"x\\"\\n' })).toBe(3);
    expect(value('millrace_build_info', { version: '1.2.3' })).toBe(1);
    expect(value('millrace_open_doors')).toBe(2);
    expect(value('millrace_open_gates')).toBeNaN();
    expect(samples.some(({ name }) => name.startsWith('nodejs_eventloop_lag'))).toBe(true);
  });

  test('a stage that is gone is gone from the next scrape', async () => {
    const metrics = createMetrics({ version: '0' });
    metrics.onCollect(() => ({ queue_depth: [{ labels: { stage: 'old' }, value: 1 }] }));
    await metrics.text();
    metrics.onCollect(() => ({ queue_depth: [{ labels: { stage: 'new' }, value: 1 }] }));
    const depths = parse((await metrics.text()).body).filter(({ name }) => name === 'millrace_queue_depth');
    expect(depths.map(({ labels }) => labels.stage)).toEqual(['new']);
  });

  test('two services in one process count apart', async () => {
    const [one, two] = [createMetrics({ version: '0' }), createMetrics({ version: '0' })];
    one.add('late_events_total', {});
    const late = async (metrics: typeof one) =>
      parse((await metrics.text()).body).find(({ name }) => name === 'millrace_late_events_total')?.value;
    expect([await late(one), await late(two)]).toEqual([1, 0]);
  });
});
