/** Aggregates of features as a file writes them, such as `share(isReturned)` or `avg(price) / 100`. */

import type { FeatureAggregate, FeatureFunction, ValueOf } from '../../features/feature-spec.ts';
import { unknownName } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { compileCondition, compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { typeText } from '../../sql/type.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { type AggregateCall, callsOf, type TextPart } from './aggregate-call.ts';

type ReportText = (message: string, character?: number) => void;

/** What the values of features are read from. */
export interface FeatureScope {
  readonly event: AvroRecord;
  /** The schema of each stream that brings labels; empty where the feature has none. */
  readonly labels: readonly AvroRecord[];
  /** The condition on the events that count; null for all. */
  readonly where: string | null;
  readonly functions: readonly UserFunction[];
}

interface Written {
  readonly aggregates: readonly FeatureAggregate[];
  /** The expression over aggregates, where a feature is more than one of them. */
  readonly expression: string | null;
}

const FORMS: Readonly<Record<Exclude<FeatureFunction, 'distinct'>, string>> = {
  count: 'count(), or count(DISTINCT field)',
  sum: 'sum(field)',
  avg: 'avg(field)',
  min: 'min(field)',
  max: 'max(field)',
  stddev: 'stddev(field)',
  share: 'share(condition)',
  first: 'first(field)',
  last: 'last(field)',
  lag: 'lag(field), or lag(field, 2)',
};

function isFunction(name: string): name is keyof typeof FORMS {
  return Object.hasOwn(FORMS, name);
}

/** The feature of a text; null, and a report, when the text is not a feature. */
export function featureAggregate(field: string, text: string, scope: FeatureScope, report: ReportText): Written | null {
  const calls = callsOf(text, isFunction);
  const [only, ...others] = calls;
  if (only === undefined) {
    const [, name] = /^\s*([A-Za-z_]\w*)\s*\(/.exec(text) ?? [];
    report(name === undefined ? 'must be an aggregate such as count() or avg(field)' : unknownFunction(name));
    return null;
  }
  const isPlain = others.length === 0 && text.slice(0, only.from).trim() === '' && text.slice(only.to).trim() === '';
  if (isPlain) {
    const aggregate = aggregateOf(field, only, scope, report);
    return aggregate === null ? null : { aggregates: [aggregate], expression: null };
  }
  const aggregates: FeatureAggregate[] = [];
  let expression = '';
  let end = 0;
  for (const [i, call] of calls.entries()) {
    const hidden = `${field}#${i + 1}`;
    const aggregate = aggregateOf(hidden, call, scope, report);
    if (aggregate === null) return null;
    aggregates.push({ ...aggregate, isHidden: true });
    expression += `${text.slice(end, call.from)}"${hidden}"`;
    end = call.to;
  }
  return { aggregates, expression: expression + text.slice(end) };
}

function unknownFunction(name: string): string {
  return unknownName('aggregate of features', name, Object.keys(FORMS));
}

function aggregateOf(
  field: string,
  call: AggregateCall,
  scope: FeatureScope,
  report: ReportText,
): FeatureAggregate | null {
  const { name, args, isDistinct, filter } = call;
  if (!isFunction(name)) return null;
  const [first, second, ...rest] = args;
  const wrong = (): null => {
    report(`must be ${FORMS[name]}`);
    return null;
  };
  if (rest.length > 0 || (second !== undefined && name !== 'lag') || (isDistinct && name !== 'count')) return wrong();
  if (first === undefined || first.text === '*') {
    if (name !== 'count' || isDistinct) return wrong();
    const where = conditionOf(filter, 'event', scope, report);
    return where === null ? null : { field, fn: 'count', value: null, of: 'event', ...where };
  }
  const back = second === undefined ? 1 : Number(second.text);
  if (!Number.isInteger(back) || back < 1) return wrong();
  const isTruth = name === 'share';
  const of = readBy(first, isTruth ? 'truth' : name === 'count' && !isDistinct ? 'any' : 'number', scope, report);
  if (of === null) return null;
  const where = conditionOf(filter, of, scope, report);
  if (where === null) return null;
  if (name === 'count' && !isDistinct) {
    const isThere = `(${first.text}) IS NOT NULL`;
    const both = where.where === undefined ? isThere : `${isThere} AND (${where.where})`;
    return { field, fn: 'count', value: null, of, where: both };
  }
  const fn = isDistinct ? 'distinct' : name;
  return { field, fn, value: first.text, of, ...where, ...(name === 'lag' ? { back } : {}) };
}

/**
 * FILTER's condition and the condition on all events together, over what the values are read from. Null, and a report,
 * when it can't be.
 */
function conditionOf(
  filter: TextPart | null,
  of: ValueOf,
  scope: FeatureScope,
  report: ReportText,
): { readonly where?: string } | null {
  const { where, event, labels, functions } = scope;
  if (of === 'label' && where !== null) {
    report('is of labels, and `where` of events: leave `where` out here, or the labels');
    return null;
  }
  if (filter === null) return where === null ? {} : { where };
  const fault = firstFault(of === 'event' ? [event] : labels, (schema) =>
    compileCondition(filter.text, schema, 'sql', functions),
  );
  if (fault !== null) {
    say(fault, filter, report);
    return null;
  }
  return { where: where === null ? filter.text : `(${where}) AND (${filter.text})` };
}

type Wanted = 'number' | 'truth' | 'any';
const KINDS: Readonly<Record<Wanted, readonly string[]>> = {
  number: ['bigint', 'double', 'boolean', 'timestamp', 'date'],
  truth: ['boolean'],
  any: [],
};

/** Whether a text reads events or labels. Null, and a report, when it reads neither. */
function readBy(part: TextPart, wanted: Wanted, scope: FeatureScope, report: ReportText): ValueOf | null {
  const { event, labels, functions } = scope;
  const check = (schema: AvroRecord): void => {
    const { type, at } = compileExpression(part.text, schema, 'sql', functions);
    if (wanted === 'any' || KINDS[wanted].includes(type.kind)) return;
    const what = wanted === 'truth' ? 'true or false' : 'a number';
    throw new ExpressionError(`${part.text} is ${typeText(type)}, and not ${what}; CAST it`, at);
  };
  const fault = firstFault([event], check);
  if (fault === null) return 'event';
  if (labels.length > 0 && firstFault(labels, check) === null) return 'label';
  say(fault, part, report);
  return null;
}

function firstFault(schemas: readonly AvroRecord[], check: (schema: AvroRecord) => void): ExpressionError | null {
  for (const schema of schemas) {
    try {
      check(schema);
    } catch (error) {
      if (error instanceof ExpressionError) return error;
      throw error;
    }
  }
  return null;
}

function say({ position, message }: ExpressionError, { at }: TextPart, report: ReportText): void {
  const place = at + position - 1;
  report(`at character ${place}: ${message}`, place);
}
