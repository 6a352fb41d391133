/** The metrics of one service, counted and exposed as Prometheus reads them; the only importer of prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type CounterName, type DeclaredGauges, type Gauges, type LabelsOf, METRICS } from './metric-table.ts';

export interface Metrics {
  add<N extends CounterName>(name: N, labels: LabelsOf<N>, count?: number): void;
  /** Replaces the callback that a scrape asks. */
  onCollect(gauges: () => Gauges | (Gauges & DeclaredGauges)): void;
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

interface MetricsOptions {
  readonly version: string;
  /** Gauges without labels that the table does not have. */
  readonly declared?: readonly { readonly name: string; readonly help: string }[];
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, { readonly gauge: Gauge; readonly hasLabels: boolean }>();
  for (const [name, { kind, help, labels }] of Object.entries(METRICS)) {
    const settings = { name: `millrace_${name}`, help, labelNames: labels, registers };
    if (kind === 'counter') counters.set(name, new Counter(settings));
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
