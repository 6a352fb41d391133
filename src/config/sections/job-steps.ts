/** `steps:` of a job: a kind each, and which come before which. */
import { z } from 'zod';
import { DEFAULT_POOL, type JobStep } from '../../jobs/job.ts';
import type { RetryPolicy } from '../../jobs/retry.ts';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { name } from '../../keys/value-schema.ts';
import type { StepPlace, StepStream, WrittenStep } from '../../steps/adapter.ts';
import { STEPS } from '../../steps/adapters.ts';
import type { Common, retries } from '../../steps/step-keys.ts';

/** The settings of a step of any kind. */
export type StepSettings = Given<(typeof STEPS)[number]['form']>;
type Given<Form> = Form extends z.ZodType<WrittenStep<infer Settings>> ? Settings : never;

export interface StepConfig extends JobStep {
  /** Whether the step has retries of its own. */
  readonly ownRetries: boolean;
  readonly settings: StepSettings;
}

export const steps = z
  .record(name, z.union(STEPS.map(({ form }): z.ZodType<WrittenStep<StepSettings>> => form)))
  .describe('What it does, by name; a step comes after those that it `needs`.');

type Written = z.output<typeof steps>;

/** What steps may name of their job and of the file around it. */
export interface StepsPlace {
  readonly job: string;
  readonly params: readonly string[];
  readonly retry: RetryPolicy;
  readonly pools: Readonly<Record<string, number>>;
  readonly streams: readonly StepStream[];
  readonly suites: StepPlace['suites'];
  readonly commands: readonly string[];
  readonly engines: readonly string[];
  resolve(path: string): string;
}

/** The steps of a job, each behind those that it needs. What does not hold is reported, by paths from `steps`. */
export function stepsOf(written: Written, place: StepsPlace, report: Report): StepConfig[] {
  const names = Object.keys(written);
  if (names.length === 0) report([], 'a job has at least one step');
  const all = Object.entries(written).map(([each, { common, settings }]): StepConfig => {
    const { job, params, retry, streams, suites, commands, engines } = place;
    const { needs, map } = common;
    checkCommon(each, common, names, place, (path, message) => report([each, ...path], message));
    const own = settings(place.resolve);
    const at = {
      job,
      step: each,
      needs,
      params,
      isMapped: map !== null,
      streams,
      suites,
      commands,
      engines,
      steps: names,
    };
    for (const adapter of STEPS) {
      adapter.check(own, at, (path, message, character) => report([each, ...path], message, character));
    }
    return {
      name: each,
      needs,
      when: common.when,
      retry: common.retries === null ? retry : retryOf(common.retries),
      ownRetries: common.retries !== null,
      timeoutMs: common.timeout,
      pool: common.pool ?? DEFAULT_POOL,
      map,
      settings: own,
    };
  });
  return inOrder(all, report);
}

function checkCommon(step: string, common: Common, names: readonly string[], place: StepsPlace, report: Report): void {
  const others = names.filter((each) => each !== step);
  for (const [index, need] of common.needs.entries()) {
    if (need === step) report(['needs', String(index)], 'is the step itself');
    else if (!names.includes(need)) report(['needs', String(index)], unknownName('step', need, others));
  }
  if (common.when === 'failed' && common.needs.length === 0)
    report(['when'], 'handles steps that it `needs`: name them');
  if (common.pool !== null && !Object.hasOwn(place.pools, common.pool)) {
    report(['pool'], unknownName('pool', common.pool, Object.keys(place.pools)));
  }
  const { map } = common;
  if (map !== null && typeof map.over === 'string' && !common.needs.includes(map.over)) {
    report(['map', 'over'], unknownName('step that it needs', map.over, common.needs));
  }
  if (map !== null && typeof map.over !== 'string' && map.over.length > map.max) {
    report(['map', 'over'], `has ${map.over.length} items, which is more than \`max: ${map.max}\``);
  }
}

/** Kahn's order. Steps that may come next keep the order of the file. Steps of a circle are reported and left out. */
function inOrder(all: readonly StepConfig[], report: Report): StepConfig[] {
  const known = new Set(all.map(({ name: each }) => each));
  const done = new Set<string>();
  const order: StepConfig[] = [];
  for (let more = true; more; ) {
    more = false;
    for (const step of all) {
      if (done.has(step.name) || step.needs.some((need) => known.has(need) && !done.has(need))) continue;
      done.add(step.name);
      order.push(step);
      more = true;
    }
  }
  const left = all.filter((step) => !done.has(step.name));
  const circle = circleOf(left);
  const [first] = circle;
  if (first !== undefined) report([first, 'needs'], `is a circle: ${[...circle, first].join(' → ')}`);
  return order;
}

/** A circle among steps that all wait for each other. A walk from need to need must come back. */
function circleOf(left: readonly StepConfig[]): string[] {
  const path: string[] = [];
  for (let step = left[0]; step !== undefined; ) {
    const at = path.indexOf(step.name);
    if (at >= 0) return path.slice(at);
    path.push(step.name);
    const { needs } = step;
    step = left.find(({ name: each }) => needs.includes(each));
  }
  return [];
}

export function retryOf({ max, delay, factor, cap }: z.output<typeof retries>): RetryPolicy {
  return { retries: max, baseMs: delay, factor, capMs: cap };
}

export function printRetry({ retries: max, baseMs, factor, capMs }: RetryPolicy) {
  return { max, delay: formatDuration(baseMs), factor, cap: formatDuration(capMs) };
}

export function printStep({ needs, when, retry, ownRetries, timeoutMs, pool, map, settings }: StepConfig) {
  return {
    ...STEPS.map((adapter) => adapter.print(settings)).find((printed) => printed !== null),
    needs,
    when,
    retries: ownRetries ? printRetry(retry) : null,
    timeout: timeoutMs === null ? null : formatDuration(timeoutMs),
    pool,
    map,
  };
}

export function redactStep(step: StepConfig): StepConfig {
  const settings = STEPS.map((adapter) => adapter.redact(step.settings)).find((shown) => shown !== null);
  return { ...step, settings: settings ?? step.settings };
}

/** The stream that a step brings events into; null when it brings none. */
export function intoOf({ settings }: StepConfig): string | null {
  return STEPS.map((adapter) => adapter.into(settings)).find((into) => into !== null) ?? null;
}
