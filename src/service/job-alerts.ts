/**
 * Alerts of jobs. They are written with the ends of runs, and when a time has passed. The journal says which alerts people
 * were sent.
 */
import type { JobConfig } from '../config/sections/jobs.ts';
import { alertsOf, dueAlerts, isTimed, type Told } from '../jobs/alerts.ts';
import { type JobEvent, type JobsState, runsOf } from '../jobs/runs.ts';
import type { ServiceAlert } from '../messages/check-facts.ts';
import { serviceAlertType } from '../messages/types.ts';
import type { ServiceCore } from '../service.ts';
import { foldEvents } from './journal-events.ts';
import { allReady } from './partition-unit.ts';

const LOOK_EVERY_MS = 1000;

export interface JobAlertWriter {
  /** What people were told by earlier processes. */
  recover(signal: AbortSignal | undefined): Promise<void>;
  /** Resolves once the alerts for events that are about to be recorded are durable. */
  before(events: readonly JobEvent[]): Promise<void>;
  /** Watches the time, until the returned function is called. */
  watch(): () => void;
}

export function watchJobs(core: ServiceCore, jobs: readonly JobConfig[], state: () => JobsState): JobAlertWriter {
  const { pipeline, platform, logger, supervision } = core;
  const told: Told = new Map();
  const byName = new Map(jobs.map((job) => [job.name, job] as const));
  const timed = jobs.filter(isTimed);
  let isKnown = false;

  async function write(alerts: readonly ServiceAlert[]): Promise<void> {
    for (const { about, state: now, summary } of alerts)
      logger[now === 'firing' ? 'error' : 'info']({ about }, summary);
    if (alerts.length > 0) await core.alerts?.write(0, [serviceAlertType.encodeBlock(alerts)]);
  }

  return {
    async recover(signal) {
      const { alerts } = pipeline;
      if (alerts === null) return;
      await allReady(alerts.units, signal);
      await foldEvents(pipeline, alerts, serviceAlertType, (alert) => void told.set(alert.about, alert));
      isKnown = true;
    },
    before: (events) => write(alertsOf(events, byName, told)),
    watch() {
      if (timed.length === 0) return () => {};
      return platform.every(LOOK_EVERY_MS, () => {
        if (!isKnown) return;
        const nowMs = supervision.nowMs();
        const alerts = timed.flatMap((job) => dueAlerts(job, runsOf(state(), job.name), told, nowMs));
        write(alerts).catch((error: Error) => logger.warn({ error: error.message }, 'an alert could not be written'));
      });
    },
  };
}
