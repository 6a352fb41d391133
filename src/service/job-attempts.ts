/** The runs of jobs that are at work, an actor for each. They end with the scheduler that began them. */
import { type AttemptOrder, type RunEvent, runMachine } from '../actors/run.ts';
import { type ActorStatus, type ChildContext, startSupervised } from '../actors/supervised.ts';
import type { JobConfig } from '../config/sections/jobs.ts';
import { type DataInterval, withLookback } from '../jobs/interval.ts';
import { plannedJob } from '../jobs/planner.ts';
import { itemsOf, resultsOf } from '../jobs/progress.ts';
import type { AttemptEnd, AttemptReport } from '../jobs/reports.ts';
import { isScheduled, type Run, stepKey } from '../jobs/runs.ts';
import type { StepChanged } from '../messages/job-events.ts';
import type { ServiceCore } from '../service.ts';
import type { StepContext } from '../steps/step.ts';
import { type AttemptLog, createAttemptLogs, createLogKeeper } from './job-log.ts';
import { ATTEMPT_TIMEOUT_MS, type OpenSteps } from './job-steps.ts';

export interface JobAttempts {
  begin(run: Run, step: StepChanged): void;
  /** Asks all attempts of a run to stop. */
  stop(runId: string, reason: string): void;
  close(runId: string): void;
  /** Ends all attempts at once, as when their scheduler has failed: nobody hears how they ended. */
  kill(): void;
  status(): readonly ActorStatus[];
}

interface RunningRun {
  send(event: RunEvent): void;
  readonly kill: () => void;
  readonly state: () => string;
  /** Attempts that have not ended, by their names. */
  readonly orders: Map<string, AttemptOrder>;
}

export function createJobAttempts(
  core: Pick<ServiceCore, 'config' | 'platform'>,
  steps: OpenSteps,
  context: Pick<ChildContext, 'clock' | 'logger'>,
  report: (report: AttemptReport) => void,
): JobAttempts {
  const runs = new Map<string, RunningRun>();
  const logOf = createAttemptLogs(core);
  const ended = createLogKeeper(core);
  const jobs = new Map(core.config.jobs.map((job) => [job.name, job]));
  /**
   * Publications on their way to others, by step. A publication can't be called back and outlives its actor, so it must not
   * begin twice.
   */
  const publishing = new Map<string, Promise<void>>();

  function runningRun(runId: string): RunningRun {
    const known = runs.get(runId);
    if (known !== undefined) return known;
    const orders = new Map<string, AttemptOrder>();
    const actor = startSupervised(runMachine, undefined, {
      ...context,
      failed(error) {
        runs.delete(runId);
        const end: AttemptEnd = { kind: 'retryable', reason: `Its run failed: ${error.message}`, waitMs: null };
        for (const order of [...orders.values()]) order.ended(end);
      },
      stopped: () => {},
    });
    const run = { send: actor.send, kill: actor.child.kill, state: actor.child.state, orders };
    runs.set(runId, run);
    return run;
  }

  function orderOf(
    run: Run,
    event: StepChanged,
    job: JobConfig,
    orders: Map<string, AttemptOrder>,
  ): AttemptOrder | null {
    const step = job.steps.find(({ name }) => name === event.step);
    if (step === undefined) return null;
    const { runId } = run.event;
    const key = stepKey(event.step, event.item);
    const id = `${key}#${event.attempt}`;
    const log = logOf(job.name, runId, { step: key, round: run.event.attempt, attempt: event.attempt });
    return {
      id,
      timeoutMs: step.timeoutMs ?? ATTEMPT_TIMEOUT_MS,
      async attempt(signal) {
        const place = `${job.name}/${step.name}/${event.item}`;
        log.write('info', `attempt ${event.attempt} begins`);
        await publishing.get(place);
        const open = await steps.of(job, step);
        signal.throwIfAborted();
        const outcome = await open.attempt(contextOf(run, event, job, log), signal);
        const publish = outcome.kind === 'done' ? outcome.publish : undefined;
        if (outcome.kind !== 'done' || publish === undefined) return outcome;
        return {
          ...outcome,
          publish() {
            const published = publish.call(outcome);
            publishing.set(
              place,
              published.catch(() => {}),
            );
            return published;
          },
        };
      },
      ended(end) {
        orders.delete(id);
        log.write(end.kind === 'done' ? 'info' : 'error', endText(end));
        log.flush();
        report({ job: job.name, runId, step: event.step, item: event.item, attempt: event.attempt, end });
      },
    };
  }

  return {
    begin(run, event) {
      const job = jobs.get(event.job);
      if (job === undefined) return;
      const running = runningRun(event.runId);
      const order = orderOf(run, event, job, running.orders);
      if (order === null) return;
      running.orders.set(order.id, order);
      running.send({ type: 'BEGIN', order });
    },
    stop: (runId, reason) => runs.get(runId)?.send({ type: 'STOP', reason }),
    close(runId) {
      runs.get(runId)?.send({ type: 'CLOSE' });
      runs.delete(runId);
      ended(runId.split('@', 1)[0] ?? '');
    },
    kill() {
      for (const run of runs.values()) run.kill();
      // Their actors are over. What begins later has actors of its own.
      runs.clear();
    },
    status: () =>
      [...runs].map(([runId, run]) => ({
        path: `millrace/scheduler/${runId}`,
        name: runId,
        kind: 'run',
        state: run.state(),
        restarts: 0,
        lastError: null,
        children: [],
      })),
  };
}

function contextOf(run: Run, event: StepChanged, job: JobConfig, log: AttemptLog): StepContext {
  const step = job.steps.find(({ name }) => name === event.step);
  const items = step === undefined ? null : itemsOf(run, step);
  const { runId, params, attempt } = run.event;
  const key = stepKey(event.step, event.item);
  return {
    job: job.name,
    step: event.step,
    runId,
    attempt: event.attempt,
    interval: lookedBack(job, run.event),
    params: { ...job.params, ...JSON.parse(params) },
    item: event.item < 0 || !Array.isArray(items) ? null : { index: event.item, value: items[event.item] },
    // A run that was cleared is to do its work again.
    idempotencyKey: `${runId}${attempt > 1 ? `#${attempt}` : ''}/${key}`,
    results: step === undefined ? {} : resultsOf(run, step),
    log: log.write,
  };
}

function lookedBack(job: JobConfig, event: Run['event']): DataInterval {
  const own = { start: event.intervalStart, end: event.intervalEnd };
  if (job.lookback === 0 || !isScheduled(event)) return own;
  const { timetable } = plannedJob(job);
  return timetable === null ? own : withLookback(timetable, own, job.lookback);
}

function endText(end: AttemptEnd): string {
  switch (end.kind) {
    case 'done':
      return `done: ${end.records} records`;
    case 'timed_out':
      return `out of time after ${end.afterMs / 1000} s`;
    default:
      return end.reason;
  }
}
