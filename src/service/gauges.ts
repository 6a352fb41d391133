/** What the metrics show that is known by looking at the running service, and by nothing that happens. */
import type { Gauges } from '../http/metric-table.ts';
import type { StageStatus } from '../http/view.ts';
import type { HeldInPartition } from './held-states.ts';
import type { Pipeline } from './pipeline.ts';
import type { ReadModels } from './read-models.ts';

export interface GaugeSources {
  readonly pipeline: () => Pipeline | null;
  readonly readModels: () => ReadModels | null;
}

export function gaugesOf(
  stages: readonly StageStatus[],
  { pipeline, readModels }: GaugeSources,
  held: readonly HeldInPartition[] = [],
): Gauges {
  const units = pipeline()?.units ?? [];
  const openCases = readModels()?.totals()?.openCases;
  const partitions = stages.filter(({ kind }) => kind === 'partition');
  return {
    watermark_delay_seconds: partitions.map(({ label, watermarkDelayMs }) => ({
      labels: { stream: label },
      value: (watermarkDelayMs ?? 0) / 1000,
    })),
    queue_depth: stages.map(({ id, queueDepth }) => ({ labels: { stage: id }, value: queueDepth })),
    lag_events: stages.flatMap(({ id, lag }) => (lag === null ? [] : [{ labels: { stage: id }, value: lag }])),
    log_stalled: units.map(({ log }) => sampleOf(log.name, log.state().kind === 'stalled')),
    partition_failing: units.map(({ log, problem }) => sampleOf(log.name, problem() !== null)),
    operator_keys: held.map((state) => ({ labels: labelsOf(state), value: state.keys })),
    operator_state_bytes: held.map((state) => ({ labels: labelsOf(state), value: state.bytes })),
    ...(openCases === undefined ? {} : { open_cases: [{ labels: {}, value: openCases }] }),
  };
}

function labelsOf({ operator, partition }: HeldInPartition) {
  return { operator, partition: String(partition) };
}

function sampleOf(log: string, holds: boolean) {
  return { labels: { log }, value: holds ? 1 : 0 };
}
