/**
 * How a run goes on: which of its steps begin, which are left out, and how the run ends. Pure: its decisions are
 * events, and depend on the run, its job and the time alone.
 *
 * A run fails if any step failed and no step with `when: failed` that needs it has succeeded (Airflow looks at the
 * leaves alone, where a clean-up that always runs hides the failure).
 */
import type { StepChanged } from '../messages/job-events.ts';
import type { RunChanged } from '../messages/operations.ts';
import type { Job, JobStep } from './job.ts';
import { type Run, stepKey } from './runs.ts';

type State = StepChanged['state'];

/** Takes one slot of the pool for an attempt; false when none is free. */
type TakeSlot = (pool: string) => boolean;

export function isStepOver(state: State): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'up_for_retry';
}

/** Events of the steps that begin or are left out now, and of the run when that is over. `emit` applies each at once. */
export function advanceRun(
  run: Run,
  job: Job,
  nowMs: number,
  takeSlot: TakeSlot,
  emit: { step(event: StepChanged): void; run(event: RunChanged): void },
): void {
  const { event } = run;
  if (event.state !== 'running') return;
  if (event.ending === null) {
    for (const step of job.steps) advanceStep(run, job, step, nowMs, takeSlot, emit.step);
  }
  const states = [...run.steps.values()];
  if (event.ending !== null) {
    if (states.some(({ state }) => state === 'running')) return;
    const state = event.ending === 'failed' ? 'failed' : 'cancelled';
    emit.run({ ...event, state, ending: null, changedAt: nowMs, records: recordsOf(run) });
    return;
  }
  const ends = new Map(job.steps.map((step) => [step.name, standingOf(run, step)] as const));
  if ([...ends.values()].some((state) => state === null)) return;
  const failed = job.steps.filter(({ name }) => isFailure(ends.get(name) ?? null));
  const unhandled = failed.filter(({ name }) => !job.steps.some((step) => handles(step, name, ends)));
  const [first] = unhandled;
  const cause = first === undefined ? null : (failureOf(run, first)?.message ?? null);
  emit.run({
    ...event,
    state: first === undefined ? 'success' : 'failed',
    changedAt: nowMs,
    records: recordsOf(run),
    message: first === undefined ? null : `The step ${first.name} failed${cause === null ? '' : `: ${cause}`}`,
  });
}

function advanceStep(
  run: Run,
  job: Job,
  step: JobStep,
  nowMs: number,
  takeSlot: TakeSlot,
  emit: (event: StepChanged) => void,
): void {
  const verdict = verdictOf(run, job, step);
  if (verdict === 'wait') return;
  const plain = run.steps.get(step.name);
  const isNew = plain === undefined || plain.state === 'queued';
  if (verdict !== 'run') {
    if (isNew && !hasItems(run, step)) emit(stepEvent(run, step.name, -1, verdict, 0, nowMs));
    return;
  }
  const items = itemsOf(run, step);
  if (typeof items === 'string') {
    if (isNew) emit({ ...stepEvent(run, step.name, -1, 'failed', 0, nowMs), message: items });
    return;
  }
  if (items !== null && items.length === 0) {
    if (isNew) emit({ ...stepEvent(run, step.name, -1, 'success', 0, nowMs), output: '[]' });
    return;
  }
  const places = items === null ? [-1] : items.map((_, index) => index);
  for (const item of places) {
    const known = run.steps.get(stepKey(step.name, item));
    const isDue =
      known === undefined ||
      known.state === 'queued' ||
      (known.state === 'up_for_retry' && (known.waitUntil ?? 0) <= nowMs);
    if (!isDue) continue;
    if (!takeSlot(step.pool)) return;
    emit(stepEvent(run, step.name, item, 'running', (known?.attempt ?? 0) + 1, nowMs));
  }
}

/** Whether it may begin, by how those that it needs have ended: else the state that it has without an attempt. */
function verdictOf(run: Run, job: Job, step: JobStep): 'wait' | 'run' | 'skipped' | 'upstream_failed' {
  const needs = job.steps.filter(({ name }) => step.needs.includes(name)).map((need) => standingOf(run, need));
  if (needs.some((state) => state === null)) return 'wait';
  if (step.when === 'done') return 'run';
  const failed = needs.some((state) => isFailure(state) || state === 'upstream_failed');
  if (step.when === 'failed') return failed ? 'run' : 'skipped';
  if (failed) return 'upstream_failed';
  return needs.some((state) => state === 'skipped' || state === 'cancelled') ? 'skipped' : 'run';
}

function isFailure(state: State | null): boolean {
  return state === 'failed' || state === 'timed_out';
}

function handles(step: JobStep, failed: string, ends: ReadonlyMap<string, State | null>): boolean {
  return step.when === 'failed' && step.needs.includes(failed) && ends.get(step.name) === 'success';
}

function hasItems(run: Run, step: JobStep): boolean {
  return [...run.steps.values()].some((event) => event.step === step.name && event.item >= 0);
}

/** How a step stands as a whole: null while it is not over. Of a mapped one, a failure of any item is its failure. */
function standingOf(run: Run, step: JobStep): State | null {
  const plain = run.steps.get(step.name);
  if (plain !== undefined) return isStepOver(plain.state) ? plain.state : null;
  if (step.map === null) return null;
  const items = itemsOf(run, step);
  if (items === null || typeof items === 'string') return null;
  let standing: State = 'success';
  for (const index of items.keys()) {
    const state = run.steps.get(stepKey(step.name, index))?.state;
    if (state === undefined || !isStepOver(state)) return null;
    if (isFailure(state) || (state !== 'success' && standing === 'success')) standing = state;
  }
  return standing;
}

/** The items of a mapped step, null for one that is not mapped, or why there are none. */
export function itemsOf(run: Run, { name, map }: JobStep): readonly unknown[] | string | null {
  if (map === null) return null;
  if (typeof map.over !== 'string') return map.over;
  const output = run.steps.get(map.over)?.output ?? null;
  const list: unknown = output === null ? null : JSON.parse(output);
  if (!Array.isArray(list)) return `${name} is mapped over what ${map.over} puts out, which is no list`;
  if (list.length > map.max) return `${map.over} puts out ${list.length} items, and ${name} takes ${map.max} at most`;
  return list;
}

/** What the steps that it needs have put out; of a mapped one, the list over its items. */
export function resultsOf(run: Run, step: JobStep): Record<string, unknown> {
  return Object.fromEntries(
    step.needs.map((need) => {
      const plain = run.steps.get(need);
      if (plain !== undefined) return [need, parsed(plain.output)];
      const items = [...run.steps.values()].filter((event) => event.step === need && event.item >= 0);
      return [need, items.sort((a, b) => a.item - b.item).map(({ output }) => parsed(output))];
    }),
  );
}

function parsed(output: string | null): unknown {
  return output === null ? null : JSON.parse(output);
}

function failureOf(run: Run, step: JobStep): StepChanged | undefined {
  return [...run.steps.values()].find((event) => event.step === step.name && isFailure(event.state));
}

function recordsOf(run: Run): number {
  let records = 0;
  for (const event of run.steps.values()) if (event.state === 'success') records += event.records;
  return records;
}

export function stepEvent(
  { event: { job, runId } }: Run,
  step: string,
  item: number,
  state: State,
  attempt: number,
  changedAt: number,
): StepChanged {
  return {
    job,
    runId,
    step,
    item,
    state,
    attempt,
    changedAt,
    waitUntil: null,
    records: 0,
    output: null,
    message: null,
  };
}
