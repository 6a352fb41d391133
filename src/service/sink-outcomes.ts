/**
 * The operations log's entries about a sink's events: which events are settled for good, and which were asked for again.
 * The log is read once at the start, from the place up to which the sink's position has it, and then as it grows.
 */
import { alertDeliveryType, sinkDeliveryType } from '../messages/types.ts';
import type { Pipeline } from './pipeline.ts';
import { nextTurn } from './platform.ts';

export interface SinkOutcomes {
  /** Events that were delivered or given up, by the alert's id or by `<log>/<offset>`. */
  readonly settled: Set<string>;
  /** When alerts were asked for again, by their ids. */
  readonly alertsSince: Map<string, number>;
  /** Events that were asked for again, by `<log>/<offset>`. */
  readonly requeued: Map<string, { readonly log: string; readonly offset: number; readonly since: number }>;
}

export function noOutcomes(): SinkOutcomes {
  return { settled: new Set(), alertsSince: new Map(), requeued: new Map() };
}

/** Folds the operations log, from an offset on, into the outcomes. Returns the log's end. */
export async function foldOutcomes(
  { reader, registry, operations, platform }: Pipeline,
  sink: string,
  fromOffset: number,
  { settled, alertsSince, requeued }: SinkOutcomes,
): Promise<number> {
  const log = operations.units[0]?.log;
  if (log === undefined) return 0;
  const toOffset = log.durableOffset();
  if (fromOffset >= toOffset) return toOffset;
  let commits = 0;
  const range = { fromOffset: Math.max(fromOffset, await reader.startOf(log.name)), toOffset };
  for await (const { commit } of reader.commits(log.name, range)) {
    for (const { fingerprint, bytes } of commit.sections) {
      const name = registry.nameOf(fingerprint);
      if (name === alertDeliveryType.name) {
        for (const { sink: its, alertId, outcome, changedAt } of registry.decodeAs(
          alertDeliveryType,
          fingerprint,
          bytes,
        )) {
          if (its !== sink) continue;
          if (outcome === 'requeued') {
            settled.delete(alertId);
            alertsSince.set(alertId, changedAt);
          } else settled.add(alertId);
        }
      } else if (name === sinkDeliveryType.name) {
        for (const { sink: its, log: of, offset, outcome, changedAt } of registry.decodeAs(
          sinkDeliveryType,
          fingerprint,
          bytes,
        )) {
          if (its !== sink) continue;
          const place = `${of}/${offset}`;
          if (outcome === 'requeued') {
            settled.delete(place);
            requeued.set(place, { log: of, offset, since: changedAt });
          } else {
            settled.add(place);
            requeued.delete(place);
          }
        }
      }
    }
    commits += 1;
    if (commits % COMMITS_A_TURN === 0) await nextTurn(platform);
  }
  return toOffset;
}

const COMMITS_A_TURN = 64;
