/** Checks the events of a block against the expectations of their stream. */
import { type Columns, valueAt } from '../messages/columns.ts';
import { jsonOf } from '../messages/event-json.ts';
import { type Expression, parseExpression } from '../streams/expression.ts';
import { type Expectation, expectationName, type Rule } from './expectation.ts';
import { type FailingRows, failingRows } from './failing-rows.ts';

/** How many events of a block failed an expectation. */
export interface ExpectationFailures {
  readonly expectation: string;
  readonly events: number;
}

/** Refuses an event, with the reason for people; called once for each failed expectation. */
export type Refuse = (row: number, detail: string) => void;

/** Returns the failures by expectation; none when every event is as expected. */
export type Check = (columns: Columns, refuse: Refuse) => readonly ExpectationFailures[];

interface Checked {
  readonly name: string;
  readonly isRefused: boolean;
  readonly failing: FailingRows;
  found(columns: Columns, row: number): string;
}

const NONE: readonly ExpectationFailures[] = [];

/** Throws when an expectation can't be parsed. */
export function createCheck(expectations: readonly Expectation[]): Check {
  const all = expectations.map(
    (expectation): Checked => ({
      name: expectationName(expectation),
      isRefused: expectation.onFail === 'deadLetter',
      failing: failingRows(expectation),
      found: finder(expectation),
    }),
  );
  return (columns, refuse) => {
    let failures: ExpectationFailures[] | null = null;
    for (const { name, isRefused, failing, found } of all) {
      const rows = failing(columns);
      if (rows.length === 0) continue;
      failures ??= [];
      failures.push({ expectation: name, events: rows.length });
      if (isRefused) for (const row of rows) refuse(row, `${name}: ${found(columns, row)}`);
    }
    return failures ?? NONE;
  };
}

const SHOWN_CHARACTERS = 60;

/** The value found in a failing event; for a condition, the values of all its fields. */
function finder(rule: Rule): (columns: Columns, row: number) => string {
  if (rule.kind !== 'that') return (columns, row) => `it is ${shown(valueAt(columns.event(row), rule.column))}`;
  const paths = [...new Set(pathsOf(parseExpression(rule.condition)))];
  return (columns, row) => {
    const event = columns.event(row);
    return paths.map((path) => `${path} is ${shown(valueAt(event, path))}`).join(', ') || 'it is never so';
  };
}

function pathsOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'field':
      return [expression.path];
    case 'not':
    case 'minus':
    case 'isNull':
      return pathsOf(expression.of);
    case 'and':
    case 'or':
      return expression.of.flatMap(pathsOf);
    case 'compare':
      return [...pathsOf(expression.left), ...pathsOf(expression.right)];
    case 'in':
      return [expression.of, ...expression.values].flatMap(pathsOf);
    case 'compute':
      return [expression.first, ...expression.steps.map(({ operand }) => operand)].flatMap(pathsOf);
    default:
      return [];
  }
}

function shown(value: unknown): string {
  const text = jsonOf(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
