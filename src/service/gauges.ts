/** Metrics that are read off the running service when somebody asks, and not counted by events. */
import type { DeclaredGauges, Gauges } from '../http/metric-table.ts';
import type { StageStatus } from '../http/view.ts';
import { TABLE_GAUGES } from '../tables.ts';
import type { HeldInPartition } from './held-states.ts';
import type { Pipeline } from './pipeline.ts';
import type { Platform } from './platform.ts';
import type { ReadModels } from './read-models.ts';
import type { Tiering } from './tiering.ts';

export interface GaugeSources {
  readonly pipeline: () => Pipeline | null;
  readonly readModels: () => ReadModels | null;
  /** Null where no segment leaves this disk. */
  readonly tiering: () => Pick<Tiering, 'problem'> | null;
}

export function gaugesOf(
  stages: readonly StageStatus[],
  { pipeline, readModels, tiering }: GaugeSources,
  held: readonly HeldInPartition[] = [],
  disk: ReturnType<Platform['diskSpace']> = null,
): Gauges {
  const units = pipeline()?.units ?? [];
  const partitions = stages.filter(({ kind }) => kind === 'partition');
  const tier = tiering();
  return {
    journal_tier_waiting: tier === null ? [] : [{ labels: {}, value: tier.problem() === null ? 0 : 1 }],
    watermark_delay_seconds: partitions.map(({ label, watermarkDelayMs }) => ({
      labels: { stream: label },
      value: (watermarkDelayMs ?? 0) / 1000,
    })),
    queue_depth: stages.map(({ id, queueDepth }) => ({ labels: { stage: id }, value: queueDepth })),
    lag_events: stages.flatMap(({ id, lag }) => (lag === null ? [] : [{ labels: { stage: id }, value: lag }])),
    store_waiting: (readModels()?.lanes ?? [])
      .filter(({ isElsewhere }) => isElsewhere)
      .map(({ name, problem }) => ({ labels: { store: name }, value: problem() === null ? 0 : 1 })),
    sink_waiting: stages
      .filter(({ kind }) => kind === 'sink')
      .map(({ label, problem }) => ({ labels: { sink: label }, value: problem === undefined ? 0 : 1 })),
    newest_event_time_seconds: [...(pipeline()?.streams.values() ?? [])].flatMap(({ name, units: own }) => {
      const newestMs = Math.max(...own.map((unit) => unit.status().maxEventTimeMs));
      return Number.isFinite(newestMs) ? [{ labels: { stream: name }, value: newestMs / 1000 }] : [];
    }),
    disk_free_bytes: disk === null ? [] : [{ labels: {}, value: disk.freeBytes }],
    disk_size_bytes: disk === null ? [] : [{ labels: {}, value: disk.sizeBytes }],
    log_stalled: units.map(({ log }) => sampleOf(log.name, log.state().kind === 'stalled')),
    partition_failing: units.map(({ log, problem }) => sampleOf(log.name, problem() !== null)),
    operator_keys: held.flatMap((state) =>
      state.bytes === null ? [] : [{ labels: labelsOf(state), value: state.keys }],
    ),
    operator_state_bytes: held.flatMap((state) =>
      state.bytes === null ? [] : [{ labels: labelsOf(state), value: state.bytes }],
    ),
  };
}

/** The gauges that tables declare, once the read models have counted them. */
export function tableGauges({ readModels }: GaugeSources): DeclaredGauges {
  const totals = readModels()?.totals();
  return Object.fromEntries(
    TABLE_GAUGES.flatMap(({ name, of }) => {
      const value = totals?.[of];
      return value === undefined ? [] : [[name, [{ labels: {}, value }]]];
    }),
  );
}

function labelsOf({ operator, partition }: HeldInPartition) {
  return { operator, partition: String(partition) };
}

function sampleOf(log: string, holds: boolean) {
  return { labels: { log }, value: holds ? 1 : 0 };
}
