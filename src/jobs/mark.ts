/**
 * The state that a person sets for a run or a step, whatever its outcome was: the events, or why the state can't be
 * set.
 */
import { nameHint } from '../nearest-word.ts';
import type { Job, JobStep } from './job.ts';
import { isStepOver, stepEvent } from './progress.ts';
import { isTerminal, type JobEvent, type Run } from './runs.ts';

export const MARKS = ['success', 'failed', 'skipped'] as const;
export type Mark = (typeof MARKS)[number];

/**
 * A step is in that state from now on. One that failed no longer holds up those that come after it: these run, in a run that is
 * over too. Without a step the run as a whole is in the state, and nothing of it runs. Nothing that is at work can be marked.
 */
export function marked(
  run: Run,
  job: Job,
  step: string | null,
  as: Mark,
  nowMs: number,
): { readonly events: readonly JobEvent[]; readonly message: string } | string {
  const { event } = run;
  const isAtWork = (name: string | null): boolean =>
    [...run.steps.values()].some((each) => each.state === 'running' && (name === null || each.step === name));
  if (event.ending !== null) return `${event.runId} is ending: wait until it has`;
  if (isAtWork(step)) return `${step ?? event.runId} is running: cancel ${event.runId} first, or wait`;
  const message = `Marked ${as} by an operator`;
  if (step === null) {
    const whole = { ...event, state: as, ending: null, changedAt: nowMs, message };
    return { events: [{ kind: 'run', event: whole }], message: `marked ${as}` };
  }
  const found = job.steps.find(({ name }) => name === step);
  if (found === undefined) {
    const names = job.steps.map(({ name }) => name);
    return `${job.name} has no step ${step}; ${nameHint(step, names)}`;
  }
  const own = markedStep(run, found, as, message, nowMs);
  if (!isTerminal(event.state)) return { events: own, message: `${step} is marked ${as}` };
  if (as === 'failed') {
    const failed = { ...event, state: as, changedAt: nowMs, message: `The step ${step} failed: ${message}` };
    return {
      events: [...own, { kind: 'run', event: failed }],
      message: `${step} is marked failed, and with it the run`,
    };
  }
  const waiting = waitedFor(run, job, step);
  const again: JobEvent = {
    kind: 'run',
    event: { ...event, state: 'queued', ending: null, changedAt: nowMs, message: `${step} was marked ${as}` },
  };
  const goesOn = waiting.length === 0 ? '' : `; what waited for it runs: ${names(waiting)}`;
  return { events: [again, ...own, ...waiting], message: `${step} is marked ${as}${goesOn}` };
}

function markedStep(run: Run, { name }: JobStep, as: Mark, message: string, nowMs: number): JobEvent[] {
  const known = [...run.steps.values()].filter((each) => each.step === name);
  const events = known.length > 0 ? known : [stepEvent(run, name, -1, as, 0, nowMs)];
  return events.map((each) => ({
    kind: 'step',
    event: { ...each, state: as, changedAt: nowMs, waitUntil: null, message },
  }));
}

/** Steps behind this one that were not begun, but for those that somebody marked. */
function waitedFor(run: Run, job: Job, step: string): JobEvent[] {
  const behind = new Set([step]);
  for (const { name, needs } of job.steps) if (needs.some((need) => behind.has(need))) behind.add(name);
  behind.delete(step);
  return [...run.steps.values()].flatMap((each): JobEvent[] => {
    const { state, message } = each;
    const wasLeftOut = state === 'upstream_failed' || (state === 'skipped' && message === null);
    if (!behind.has(each.step) || !isStepOver(state) || !wasLeftOut) return [];
    return [{ kind: 'step', event: { ...each, state: 'queued', attempt: 0, message: null } }];
  });
}

function names(events: readonly JobEvent[]): string {
  return events.flatMap(({ kind, event }) => (kind === 'step' ? [event.step] : [])).join(', ');
}
