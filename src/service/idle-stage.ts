/** A stage of the overview, as far as a meter describes it. */
import type { StageStatus } from '../http/view.ts';
import type { SourceStatus } from '../sources/source.ts';
import type { Meter } from './meters.ts';

export function idleStage(
  id: string,
  kind: StageStatus['kind'],
  label: string,
  meter: Pick<Meter, 'total' | 'perSecond'>,
): StageStatus {
  return {
    id,
    kind,
    label,
    feeds: [],
    eventsPerSecond: meter.perSecond,
    eventsTotal: meter.total,
    queueDepth: 0,
    queueBound: 0,
    lag: 0,
    state: 'running',
    watermarkDelayMs: null,
  };
}

/** The largest lag of several partitions, which an average would hide. */
export function largestLag(status: SourceStatus | undefined): Pick<StageStatus, 'lag'> | object {
  if (status === undefined) return {};
  return { lag: Math.max(0, ...status.inputs.map(({ lag }) => lag)) };
}
