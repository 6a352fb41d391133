/** Metrics of `/metrics`, of the table that the service has. */
import { METRICS } from '../../../src/http/metric-table.ts';
import { TABLE_GAUGES } from '../../../src/tables.ts';
import { code, table } from './markdown.ts';

export function metricsText(): string {
  const own = Object.entries(METRICS).map(([name, { kind, help, labels }]) => ({ name, kind, help, labels }));
  const ofTables = TABLE_GAUGES.map(({ name, help }) => ({ name, kind: 'gauge', help, labels: [] }));
  const rows = [...own, ...ofTables]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, help, labels }) => [code(`millrace_${name}`), kind, labels.map(code).join(', '), help]);
  return `What \`/metrics\` says, beside \`process_\` and \`nodejs_\` metrics of prom-client. A label's values come from the
pipeline file or the code, never from data. Alert rules over them: [operate.md](../operate.md).

${table(['metric', 'kind', 'labels', 'what it is'], rows)}`;
}
