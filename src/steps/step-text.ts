/** Texts of a step with places to fill: the names that a place may have, and its value in an attempt. */
import { expand, parseTemplate, type TemplateValue, unknownHole } from '../jobs/template.ts';
import type { Report } from '../keys/names.ts';
import type { StepPlace } from './adapter.ts';
import type { StepContext } from './step.ts';

/** Reports a place that names nothing, at its character. */
export function checkText(text: string, place: StepPlace, at: readonly string[], report: Report): void {
  const template = parseTemplate(text);
  if ('problem' in template) {
    report(at, template.problem, template.character);
    return;
  }
  const params = place.params.map((name) => `params.${name}`);
  const needs = place.needs.map((name) => `results.${name}.*`);
  const known = ['job', 'step', 'run', 'attempt', 'key', 'interval.start', 'interval.end', ...params, ...needs];
  const wrong = unknownHole(template, place.isMapped ? [...known, 'item', 'item.*'] : known);
  if (wrong !== null) report(at, wrong.problem, wrong.character);
}

/** Throws a TemplateError when a place has no value. */
export function textOf(text: string, context: StepContext, escaping?: (value: string) => string): string {
  const template = parseTemplate(text);
  if ('problem' in template) throw new Error(template.problem);
  return expand(template, (name) => standsFor(name, context), escaping);
}

function standsFor(name: string, context: StepContext): TemplateValue | undefined {
  const { interval, params, item, results } = context;
  switch (name) {
    case 'job':
    case 'step':
    case 'attempt':
      return context[name];
    case 'run':
      return context.runId;
    case 'key':
      return context.idempotencyKey;
    case 'interval.start':
      return { instantMs: interval.start };
    case 'interval.end':
      return { instantMs: interval.end };
  }
  const [first, ...path] = name.split('.');
  if (first === 'params') return plain(params[path.join('.')]);
  if (first === 'item') return plain(below(item?.value, path));
  return first === 'results' ? plain(below(results, path)) : undefined;
}

function below(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined;
  }
  return found;
}

/** What is no text, number, yes or no, or list of them has its JSON. */
function plain(value: unknown): TemplateValue | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number')) return value;
  return JSON.stringify(value);
}
