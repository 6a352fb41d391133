/** Checks the events of a block against the expectations of their stream. */

import type { AvroRecord } from '../messages/avro.ts';
import { type Columns, valueAt } from '../messages/columns.ts';
import { jsonOf } from '../messages/event-json.ts';
import { compileCondition } from '../sql/compile.ts';
import { fieldPaths } from '../sql/field-paths.ts';
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

/** Of events of the schema. Throws when an expectation can't be parsed. */
export function createCheck(expectations: readonly Expectation[], schema: AvroRecord): Check {
  const all = expectations.map(
    (expectation): Checked => ({
      name: expectationName(expectation),
      isRefused: expectation.onFail === 'deadLetter',
      failing: failingRows(expectation, schema),
      found: finder(expectation, schema),
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
function finder(rule: Rule, schema: AvroRecord): (columns: Columns, row: number) => string {
  if (rule.kind !== 'that') return (columns, row) => `it is ${shown(valueAt(columns.event(row), rule.column))}`;
  const paths = fieldPaths(compileCondition(rule.condition, schema, 'sql', rule.functions));
  return (columns, row) => {
    const event = columns.event(row);
    return paths.map((path) => `${path} is ${shown(valueAt(event, path))}`).join(', ') || 'it is never so';
  };
}

function shown(value: unknown): string {
  const text = jsonOf(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
