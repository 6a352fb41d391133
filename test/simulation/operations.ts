/** What the service's own stream must say: runs open and close once, and an alert's delivery has one outcome. */

import { isTerminal } from '../../src/jobs/runs.ts';
import type { Section } from '../../src/messages/commit.ts';
import type { AlertDelivery, RunChanged } from '../../src/messages/operations.ts';
import { actorChangedType, alertDeliveryType, runChangedType } from '../../src/messages/types.ts';
import type { World } from './world.ts';

export interface Operations {
  take(section: Section): void;
  /** The webhook has got an alert, whether or not it said so. */
  received(alertId: string): void;
  /** Outcome of an alert's delivery, or undefined. */
  outcome(alertId: string): AlertDelivery['outcome'] | undefined;
  openRuns(): readonly string[];
  readonly counts: { runs: number; actorsFailed: number; deliveries: number };
}

export function createOperations(world: World): Operations {
  const runs = new Map<string, RunChanged['state']>();
  const attempts = new Map<string, number>();
  const received = new Set<string>();
  const outcomes = new Map<string, AlertDelivery['outcome']>();
  const counts = { runs: 0, actorsFailed: 0, deliveries: 0 };
  /** By its start, the end of each interval that has a run. The clock may jump, so they do not come in order. */
  const covered = new Map<number, number>();

  function takeRun({ runId, state, attempt, intervalStart, intervalEnd }: RunChanged): void {
    const before = runs.get(runId);
    const broken = (what: string): void => world.broken('a scheduled run opens and closes once', `${runId}: ${what}`);
    if (before === undefined) {
      counts.runs += 1;
      if (state !== 'queued') broken(`it begins as ${state}`);
      if (covered.has(intervalStart)) broken('its interval was covered by a run before it');
      const isFirst = intervalStart < Math.min(...covered.keys());
      if (!isFirst && ![...covered.values()].includes(intervalStart)) broken('an interval before it is missing');
      covered.set(intervalStart, intervalEnd);
    } else if (isTerminal(before)) broken(`it is ${state} after it was ${before}`);
    else if (state === 'queued' && before === 'queued') broken('it is queued twice');
    // A run that a crash interrupted is queued again, and goes on counting.
    if (attempt < (attempts.get(runId) ?? 0)) broken(`attempt ${attempt} comes after a later one`);
    attempts.set(runId, attempt);
    runs.set(runId, state);
  }

  return {
    take(section) {
      switch (section.fingerprint) {
        case runChangedType.fingerprint:
          for (const event of runChangedType.decodeBlock(section.bytes)) takeRun(event);
          return;
        case alertDeliveryType.fingerprint:
          for (const { alertId, outcome } of alertDeliveryType.decodeBlock(section.bytes)) {
            counts.deliveries += 1;
            if (outcomes.has(alertId)) world.broken('an alert has one outcome', `${alertId} has a second: ${outcome}`);
            if (outcome === 'delivered' && !received.has(alertId)) {
              world.broken('an alert that is delivered has arrived', alertId);
            }
            outcomes.set(alertId, outcome);
          }
          return;
        case actorChangedType.fingerprint:
          for (const { change } of actorChangedType.decodeBlock(section.bytes)) {
            if (change === 'failed') counts.actorsFailed += 1;
          }
      }
    },
    received: (alertId) => received.add(alertId),
    outcome: (alertId) => outcomes.get(alertId),
    openRuns: () => [...runs].filter(([, state]) => !isTerminal(state)).map(([id]) => id),
    counts,
  };
}
