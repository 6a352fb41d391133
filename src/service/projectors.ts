/** The projectors, one for each store. Each follows the journal by itself. */
import { type ProjectorPorts, projectorMachine } from '../actors/projector.ts';
import { startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { Metrics } from '../http/metrics.ts';
import { messageOf } from '../journal/error.ts';
import type { Logger } from '../logger.ts';
import type { RefusedEvent } from '../projections/store.ts';
import { cannotOpen, mayPass } from '../projections/store-trouble.ts';
import type { PartitionUnit } from './partition-unit.ts';
import type { Platform } from './platform.ts';
import type { ReadModels } from './read-models.ts';
import type { StoreLane } from './store-lane.ts';

export interface ProjectorHost {
  readonly logger: Logger;
  readonly observer: { readonly metrics: Metrics };
  readonly platform: Pick<Platform, 'nowMs'>;
}

export function projectorId(store: string): string {
  return `projector-${store}`;
}

export function projectorChildren(
  { lanes }: ReadModels,
  units: readonly PartitionUnit[],
  host: ProjectorHost,
): ChildSpec[] {
  return lanes.map((lane) => {
    let actor: { send(event: { type: 'GREW' } | { type: 'LOST'; error: Error }): void } | null = null;
    lane.onLost((error) => actor?.send({ type: 'LOST', error }));
    for (const { log: partitionLog } of units) partitionLog.onDurable(() => actor?.send({ type: 'GREW' }));
    return {
      id: projectorId(lane.name),
      kind: 'projector',
      // It catches up with the journal first, however long that takes.
      shutdownMs: Number.POSITIVE_INFINITY,
      start(context) {
        const started = startSupervised(projectorMachine, { ports: projectorPorts(lane, host) }, context);
        actor = started;
        return started.child;
      },
    };
  });
}

function placeOf({ table, log, offset }: RefusedEvent): string {
  return `${table}, ${log}:${offset}`;
}

/** How often a store that waits for the disk is tried again. */
const RETRY_MS = 1_000;

/** A store as the projector's ports. The reason for a wait is logged once, until the store goes on or the reason changes. */
function projectorPorts(lane: StoreLane, { logger, observer, platform }: ProjectorHost): ProjectorPorts {
  let waiting = false;
  const { retryMs } = lane.process.driver;
  /**
   * Any error of a store that somebody else runs may pass: the store may be away, misconfigured or full for as long as it
   * likes, and delays nobody here.
   */
  function isAway(error: unknown): true {
    const words = messageOf(error);
    if (lane.problem() !== words) {
      logger.warn(
        { store: lane.name, error: words },
        'the store can take nothing now; it is tried again, and nothing is lost',
      );
    }
    lane.waitFor(words);
    return true;
  }
  return {
    retryMs: retryMs ?? (() => RETRY_MS),
    open: () => lane.open(),
    async project() {
      const startMs = platform.nowMs();
      const projected = await lane.project();
      if (projected.events > 0) {
        const seconds = (platform.nowMs() - startMs) / 1000;
        observer.metrics.observe('stage_duration_seconds', { stage: lane.name }, seconds);
      }
      if (projected.missed > 0) {
        const words =
          'the read model was behind for longer than stores.holdJournal, or by more than stores.holdJournalSize: events that it lacks are pruned';
        logger.error({ store: lane.name, events: projected.missed }, words);
      }
      const [first] = projected.refused ?? [];
      if (first !== undefined) {
        const words = 'a table of the store has no place for some events: they are in the journal, and in no row';
        const refused = projected.refused?.length ?? 0;
        logger.warn({ store: lane.name, events: refused, first: placeOf(first), reason: first.reason }, words);
        observer.metrics.add('store_refused_events_total', { store: lane.name }, refused);
      }
      waiting = false;
      if (lane.problem() !== null) logger.info({ store: lane.name }, 'the store takes what it is given again');
      lane.waitFor(null);
      return projected;
    },
    mayPass(error) {
      if (retryMs !== null) return isAway(error);
      if (!mayPass(error) && !(waiting && cannotOpen(error))) return false;
      if (!waiting) {
        const words = 'the read model waits for the disk, and goes on by itself';
        logger.warn({ store: lane.name, error: messageOf(error) }, words);
      }
      waiting = true;
      return true;
    },
  };
}
