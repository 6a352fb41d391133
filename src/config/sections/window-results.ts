/** The results of a window as a file writes them: aggregates, and what is computed of aggregates and of the key. */
import type { Report } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { AGGREGATE_NAME } from '../../messages/window-result.ts';
import { compileCondition, compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { typeText } from '../../sql/type.ts';
import { functionsWith, type UserFunction } from '../../sql/user-function.ts';
import type { AggregateSpec } from '../../streams/aggregate-function.ts';
import type { ComputedResult } from '../../streams/computed-result.ts';
import type { GroupKey } from '../../streams/group-key.ts';
import { resultScope } from '../../streams/result-expressions.ts';
import { avroType } from '../../streams/selected-type.ts';
import { aggregateCalls, aggregateOf, aggregateOfCall, printAggregate } from './aggregates.ts';
import type { Relation } from './relation.ts';

export interface WindowResults {
  /** The aggregates. Those that only computed results need are hidden. */
  readonly aggregates: readonly AggregateSpec[];
  readonly results: readonly ComputedResult[];
}

/** What every result has beside its aggregates; see the form of `millrace run --output`. */
const RESULT_FIELDS: readonly string[] = ['stream', 'key', 'start', 'end', 'revision', 'at'];

/** The results of a window; `at` is the path of their key. */
export function windowResults(
  at: readonly string[],
  raw: Readonly<Record<string, string>>,
  key: GroupKey,
  { schema }: Relation,
  functions: readonly UserFunction[],
  report: Report,
): WindowResults {
  const names = Object.keys(raw);
  const aggregates: AggregateSpec[] = [];
  const pending: { readonly name: string; readonly expression: string }[] = [];
  for (const [name, text] of Object.entries(raw)) {
    const path = [...at, name];
    const wrong = (message: string, character?: number): void => report(path, message, character);
    if (RESULT_FIELDS.includes(name)) wrong(`is a field of every result; known: ${RESULT_FIELDS.join(', ')}`);
    if (!AGGREGATE_NAME.test(name)) wrong('a result has letters, digits and underscore in its name');
    if (names.some((other) => other !== name && other.toLowerCase() === name.toLowerCase())) {
      wrong('differs from another result in case only');
    }
    if (!isComputed(text, names, functions)) {
      aggregates.push(...aggregateOf(name, text, schema, functions, wrong));
      continue;
    }
    const hidden = withHidden(name, text, schema, functions, wrong);
    aggregates.push(...hidden.aggregates);
    pending.push({ name, expression: hidden.expression });
  }
  const results: ComputedResult[] = [];
  for (const { name, expression } of pending) {
    const scope = resultScope({ keyField: key, aggregates, results }, schema);
    const wrong = (message: string): void => report([...at, name], message);
    const type = checked(
      () => compileExpression(expression, scope, 'sql', functions).type,
      (message, character) => {
        // Characters are counted in the rewritten text.
        wrong(expression === raw[name] ? `at character ${character}: ${message}` : message);
      },
    );
    if (type === null) continue;
    const avro = avroType(type, name);
    if (avro === null) wrong(`a result can't be ${typeText(type)}; CAST it to VARCHAR`);
    else results.push({ name, expression, type: avro });
  }
  return { aggregates, results };
}

/** The expression with its calls of aggregates as results of their own, which are hidden. */
function withHidden(
  name: string,
  text: string,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: (message: string, character?: number) => void,
): { readonly expression: string; readonly aggregates: readonly AggregateSpec[] } {
  const aggregates: AggregateSpec[] = [];
  let expression = '';
  let end = 0;
  for (const [i, call] of aggregateCalls(text).entries()) {
    const hidden = hiddenName(name, i);
    for (const own of aggregateOfCall(hidden, call, schema, functions, report))
      aggregates.push({ ...own, isHidden: true });
    expression += `${text.slice(end, call.from)}"${hidden}"`;
    end = call.to;
  }
  return { expression: expression + text.slice(end), aggregates };
}

/** The beginning of the names of hidden results that a condition needs. */
const HAVING = 'having';

/** The condition over results. What the condition itself computes is hidden. */
export function windowHaving(
  text: string,
  key: GroupKey,
  results: WindowResults,
  { schema }: Relation,
  functions: readonly UserFunction[],
  report: (message: string, character?: number) => void,
): { readonly having: string; readonly aggregates: readonly AggregateSpec[] } {
  const { expression, aggregates } = withHidden(HAVING, text, schema, functions, report);
  const known = { ...results, aggregates: [...results.aggregates, ...aggregates] };
  checked(
    () => compileCondition(expression, resultScope({ keyField: key, ...known }, schema), 'sql', functions),
    (message, character) => {
      // Characters are counted in the rewritten text.
      report(aggregates.length === 0 ? `at character ${character}: ${message}` : message);
    },
  );
  return { having: expression, aggregates };
}

/**
 * Whether a text is more than one call of an aggregate: an expression over several, over functions, or over other
 * results.
 */
function isComputed(text: string, names: readonly string[], functions: readonly UserFunction[]): boolean {
  const [first, ...others] = aggregateCalls(text);
  if (first !== undefined) {
    return others.length > 0 || text.slice(0, first.from).trim() !== '' || text.slice(first.to).trim() !== '';
  }
  const written = text.trim();
  const call = /^([A-Za-z_]\w*)\s*\(/.exec(written)?.[1];
  if (call !== undefined) return functionsWith(functions).named(call) !== undefined || /^(cast|try_cast)$/i.test(call);
  return !/^[A-Za-z_]\w*$/.test(written) || names.includes(written);
}

function hiddenName(result: string, i: number): string {
  return `${result}#${i + 1}`;
}

function checked<T>(compile: () => T, report: (message: string, character: number) => void): T | null {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(error.message, error.position);
    return null;
  }
}

/** The expression as it was written: with calls of aggregates where it has hidden results. */
export function printOver(expression: string, aggregates: readonly AggregateSpec[]): string {
  const calls = new Map(aggregates.map((spec) => [spec.name, printAggregate(spec)]));
  return expression.replace(/"([^"]+#\d+)"/g, (quoted, hidden) => calls.get(hidden) ?? quoted);
}

export function printResults({ aggregates, results }: WindowResults): Record<string, string> {
  const shown = aggregates.filter(({ isHidden }) => isHidden !== true);
  return Object.fromEntries([
    ...shown.map((spec) => [spec.name, printAggregate(spec)] as const),
    ...results.map(({ name, expression }) => [name, printOver(expression, aggregates)] as const),
  ]);
}
