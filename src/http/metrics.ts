/** The metrics of one service, counted and exposed as Prometheus reads them; the only importer of prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type DeclaredGauges,
  type Gauges,
  type HistogramName,
  type LabelsOf,
  METRICS,
} from './metric-table.ts';

export interface Metrics {
  add<N extends CounterName>(name: N, labels: LabelsOf<N>, count?: number): void;
  /** Of a histogram: something took so long. */
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void;
  /** Replaces the callback that a scrape asks. */
  onCollect(gauges: () => Gauges | (Gauges & DeclaredGauges)): void;
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** From half a millisecond, a read that is at hand, to a minute, longer than any answer may take. */
const BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Gauges of prom-client with the name of a counter, which `promtool check metrics` complains of; others say the same. */
const MISNAMED: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

interface MetricsOptions {
  readonly version: string;
  /** Gauges without labels that the table does not have. */
  readonly declared?: readonly { readonly name: string; readonly help: string }[];
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const histograms = new Map<string, Histogram>();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, { readonly gauge: Gauge; readonly hasLabels: boolean }>();
  for (const [name, { kind, help, labels }] of Object.entries(METRICS)) {
    const settings = { name: `millrace_${name}`, help, labelNames: labels, registers };
    if (kind === 'counter') counters.set(name, new Counter(settings));
    else if (kind === 'histogram') histograms.set(name, new Histogram({ ...settings, buckets: [...BUCKETS_SECONDS] }));
    else gauges.set(name, { gauge: new Gauge(settings), hasLabels: labels.length > 0 });
  }
  for (const { name, help } of options.declared ?? []) {
    gauges.set(name, { gauge: new Gauge({ name: `millrace_${name}`, help, registers }), hasLabels: false });
  }
  const build = {
    name: 'millrace_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node_version'],
    registers,
  };
  new Gauge(build).set({ version: options.version, node_version: process.version }, 1);

  let collect: () => Gauges = () => ({});
  const refresh = (): void => {
    const now: Readonly<Record<string, readonly Sample[] | undefined>> = collect();
    for (const [name, { gauge, hasLabels }] of gauges) {
      gauge.reset();
      // Prometheus's word for what is not known: 0 would be a number.
      if (!hasLabels) gauge.set(Number.NaN);
      for (const { labels, value } of now[name] ?? []) gauge.set(labels, value);
    }
  };

  return {
    add: (name, labels, count = 1) => counters.get(name)?.inc(labels, count),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    onCollect: (gauges) => {
      collect = gauges;
    },
    async text() {
      refresh();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
