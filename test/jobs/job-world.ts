/**
 * Jobs under a manual clock, without actors: the planner decides, attempts are what the test makes of them, and a kill
 * leaves nothing but the events that were recorded.
 */
import { type CommandAnswer, commanded, type JobCommand } from '../../src/jobs/commands.ts';
import { type Job, type JobStep, NO_ALERTS } from '../../src/jobs/job.ts';
import { createPlanner, plannedJob } from '../../src/jobs/planner.ts';
import { type AttemptEnd, adoptOrphans, reported } from '../../src/jobs/reports.ts';
import { applyEvent, type JobEvent, type JobFact, type JobsState, noJobs } from '../../src/jobs/runs.ts';
import { restoredJobs, savedJobs } from '../../src/jobs/snapshot.ts';
import type { StepChanged } from '../../src/messages/job-events.ts';
import { operationsSnapshotType } from '../../src/messages/types.ts';

export function jobOf(change: Partial<Job> = {}): Job {
  return {
    name: 'j',
    trigger: null,
    catchup: 'latest',
    catchupMax: 1000,
    startAtMs: null,
    lookback: 0,
    overlap: 'skip',
    maxActiveRuns: 1,
    dependsOnPast: false,
    priority: 0,
    timeoutMs: null,
    alert: NO_ALERTS,
    params: {},
    steps: [stepOf('a')],
    ...change,
  };
}

export function stepOf(name: string, change: Partial<JobStep> = {}): JobStep {
  const retry = { retries: 0, baseMs: 1000, factor: 2, capMs: 60_000 };
  return { name, needs: [], when: 'success', retry, timeoutMs: null, pool: 'default', map: null, ...change };
}

/** As it is read back from the journal. */
export function throughSnapshot(state: JobsState): JobsState {
  const bytes = operationsSnapshotType.encode({ offset: 0, ...savedJobs(state), suites: [] });
  return restoredJobs(operationsSnapshotType.decode(bytes));
}

/** What a commit that is not carried out throws: the process is gone. */
export class Killed extends Error {}

/** Whether the process is killed right before a commit, which is lost then, or right after it, before anything acts on it. */
export type KillAt = (commit: number) => 'before' | 'after' | null;

export function createJobWorld(
  jobs: readonly Job[],
  startMs: number,
  pools: Readonly<Record<string, number>> = {},
  eventTimeOf: (window: string) => number | null = () => null,
  killAt: KillAt = () => null,
) {
  const slots = { default: 32, ...pools };
  const planned = jobs.map(plannedJob);
  const journal: JobEvent[] = [];
  /** What others have journaled. */
  const published: JobFact[] = [];
  let nowMs = startMs;
  let planner = createPlanner(planned, slots, nowMs, true, eventTimeOf);
  let state: JobsState = noJobs();
  /** Attempts at work, which a kill ends. */
  let working: StepChanged[] = [];
  /** All attempts that have begun, in whatever process. */
  const begun: StepChanged[] = [];
  let commits = 0;

  function record(events: readonly JobEvent[]): void {
    if (events.length === 0) return;
    const killed = killAt(++commits);
    if (killed === 'before') throw new Killed();
    journal.push(...events);
    if (killed === 'after') throw new Killed();
    for (const { kind, event } of events) {
      if (kind === 'step' && event.state === 'running') {
        const same = working.some(({ runId, step, item }) => {
          return runId === event.runId && step === event.step && item === event.item;
        });
        if (same) throw new Error(`${event.runId} ${event.step} runs twice at once`);
        working.push(event);
        begun.push(event);
      }
    }
  }

  function decide(): void {
    for (let events = planner.decide(state, nowMs); events.length > 0; events = planner.decide(state, nowMs)) {
      record(events);
    }
  }

  return {
    journal,
    begun,
    commits: () => commits,
    working: (): readonly StepChanged[] => working,
    nowMs: () => nowMs,
    state: () => state,
    decide,
    advance(ms: number): void {
      nowMs += ms;
      decide();
    },
    /** To the next moment at which the planner wakes by itself. */
    sleep(): void {
      nowMs += planner.sleepMs(state, nowMs);
      decide();
    },
    end(attempt: StepChanged, end: AttemptEnd): void {
      working = working.filter((each) => each !== attempt);
      const { job, runId, step, item, attempt: number } = attempt;
      const event = reported(state, planner.jobs, { job, runId, step, item, attempt: number, end }, nowMs);
      if (event === null) throw new Error(`The end of ${step} of ${runId} was not expected`);
      applyEvent(state, { kind: 'step', event });
      record([{ kind: 'step', event }]);
      decide();
    },
    publish(table: string, job: string, runId: string): void {
      const what = { step: 'a', mode: 'replace', hash: '', rows: 1, tableRows: 1 };
      const fact: JobFact = { kind: 'table', event: { table, job, runId, publishedAt: nowMs, ...what } };
      published.push(fact);
      applyEvent(state, fact);
      decide();
    },
    command(command: JobCommand): CommandAnswer {
      const answer = commanded(state, planner.jobs, command, nowMs);
      if (answer.kind === 'done') {
        for (const event of answer.events) applyEvent(state, event);
        record(answer.events);
        decide();
      }
      return answer;
    },
    /** kill -9, and a start `afterMs` later. */
    restart(afterMs = 0): void {
      working = [];
      nowMs += afterMs;
      planner = createPlanner(planned, slots, nowMs, true, eventTimeOf);
      // As a start does: from a snapshot of a while ago, and what came after it.
      const [before, after] = [journal.slice(0, journal.length >> 1), journal.slice(journal.length >> 1)];
      state = noJobs();
      for (const event of before) applyEvent(state, event);
      state = throughSnapshot(state);
      for (const event of [...after, ...published]) applyEvent(state, event);
      const orphans = adoptOrphans(state, planner.jobs, nowMs);
      for (const event of orphans) applyEvent(state, event);
      record(orphans);
      decide();
    },
    runs: (): string[] =>
      journal.flatMap(({ kind, event }) => (kind === 'run' ? [`${event.runId} ${event.state}`] : [])),
    steps: (): string[] =>
      journal.flatMap(({ kind, event }) =>
        kind === 'step'
          ? [`${event.step}${event.item < 0 ? '' : `[${event.item}]`} ${event.state} ${event.attempt}`]
          : [],
      ),
  };
}

export const DONE: AttemptEnd = { kind: 'done', records: 1, output: null };
export const FAILED: AttemptEnd = { kind: 'permanent', reason: 'wrong' };
export const RETRY: AttemptEnd = { kind: 'retryable', reason: 'HTTP 503', waitMs: null };
