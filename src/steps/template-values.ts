/** The places that a step's texts may have, and their values. */

import { parseTemplate, type Template, type TemplateValue, unknownHole } from '../jobs/template.ts';
import type { Report } from '../keys/names.ts';
import type { StepPlace } from './adapter.ts';
import type { StepContext } from './step.ts';

/** The template of a text that check() has let pass. */
export function templateOf(text: string): Template {
  const parsed = parseTemplate(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

/** Reports a place that is none, at its character. */
export function checkTemplate(text: string, place: StepPlace, at: readonly string[], report: Report): void {
  const parsed = parseTemplate(text);
  const fault = 'problem' in parsed ? parsed : unknownHole(parsed, namesFor(place));
  if (fault !== null) report(at, fault.problem, fault.character);
}

function namesFor({ params, isMapped }: StepPlace): string[] {
  const item = isMapped ? ['item', 'item.*'] : [];
  return ['interval.start', 'interval.end', 'job', 'step', 'run', ...params.map((name) => `params.${name}`), ...item];
}

export function valuesOf(context: StepContext): (name: string) => TemplateValue | undefined {
  const { interval, params, item, job, step, runId } = context;
  return (name) => {
    const [first = '', ...rest] = name.split('.');
    const key = rest.join('.');
    switch (first) {
      case 'interval':
        return { instantMs: key === 'start' ? interval.start : interval.end };
      case 'params':
        return valueOfJson(params[key]);
      case 'item':
        return valueOfJson(key === '' ? item?.value : fieldOf(item?.value, key));
      case 'job':
        return job;
      case 'step':
        return step;
      case 'run':
        return runId;
      default:
        return undefined;
    }
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function valueOfJson(value: unknown): TemplateValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (value === undefined) return undefined;
  return Array.isArray(value)
    ? value.map((each) => (typeof each === 'number' ? each : String(each)))
    : JSON.stringify(value);
}
