/** What is expected of the events of a stream: how it is written, what it comes to, against the stream's schema. */
import { z } from 'zod';
import { type Report, unknownField } from '../../keys/names.ts';
import type { AvroField, AvroRecord } from '../../messages/avro.ts';
import type { Expectation, Rule } from '../../quality/expectation.ts';
import { PatternError } from '../../quality/linear-pattern.ts';
import { createMatches } from '../../quality/pattern.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import { expressionTypeOf, fieldAt } from '../../streams/field-type.ts';
import { checkCondition } from '../expressions.ts';

const range = z.tuple([z.number().nullable(), z.number().nullable()]);

export const expectation = z.strictObject({
  column: z.string().optional().describe('A field, or `record.field` of a nested record.'),
  between: range.optional().describe('The smallest and the largest value; null for none.'),
  notNull: z.literal(true).optional(),
  in: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .optional()
    .describe('The values that there may be.'),
  matches: z.string().optional().describe('A regular expression that matches somewhere in the text.'),
  lengthBetween: range.optional().describe('The fewest and the most characters; null for no bound.'),
  that: z.string().optional().describe('A condition, as `where` has them, such as paid <= total.'),
  onFail: z
    .enum(['deadLetter', 'warn'])
    .default('deadLetter')
    .describe('An event that fails is a dead letter, or is taken and counted.'),
});

type RawExpectation = z.output<typeof expectation>;
type Wanted = 'a number' | 'text' | 'true or false';

const TYPES = { number: 'a number', text: 'text', truth: 'true or false' } as const;

/** The expectations of a list. An entry may have several rules of one column. `at` is the path of the list. */
export function expectationsOf(
  raw: readonly RawExpectation[],
  schema: AvroRecord,
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): Expectation[] {
  return raw.flatMap((entry, index) => {
    const { onFail } = entry;
    return rulesOf(entry, schema, functions, [...at, String(index)], report).map((rule) => ({ ...rule, onFail }));
  });
}

function rulesOf(
  raw: RawExpectation,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): Rule[] {
  const { column, that } = raw;
  const rules: Rule[] = [];
  if (that !== undefined) {
    checkCondition(that, schema, functions, (message, character) => report([...at, 'that'], message, character));
    rules.push({ kind: 'that', condition: that, ...functionsIn([that], functions) });
  }
  const words = ['between', 'notNull', 'in', 'matches', 'lengthBetween'] as const;
  const used = words.filter((word) => raw[word] !== undefined);
  if (column === undefined) {
    if (used[0] !== undefined) report([...at, used[0]], 'is of a column: name it with `column:`');
    else if (that === undefined) report(at, `must say what is expected: ${words.join(', ')} or that`);
    return rules;
  }
  const field = fieldAt(schema, column);
  if (field === undefined) {
    report([...at, 'column'], unknownField(schema, column));
    return rules;
  }
  if (used.length === 0) report(at, `must say what is expected of ${column}: ${words.join(', ')}`);
  return [...rules, ...columnRules(raw, column, field, at, report)];
}

function columnRules(
  { between, notNull, in: values, matches, lengthBetween }: RawExpectation,
  column: string,
  field: AvroField,
  at: readonly string[],
  report: Report,
): Rule[] {
  const need = (word: string, wanted: Wanted): void => {
    const type = expressionTypeOf(field);
    const found = type === null ? 'neither a number, nor text, nor true or false' : TYPES[type];
    if (found !== wanted) report([...at, word], `${column} must be ${wanted}, and is ${found}`);
  };
  const rules: Rule[] = [];
  if (notNull === true) rules.push({ kind: 'notNull', column });
  if (between !== undefined) {
    need('between', 'a number');
    rules.push({ kind: 'between', column, ...rangeOf(between, [...at, 'between'], report) });
  }
  if (lengthBetween !== undefined) {
    need('lengthBetween', 'text');
    rules.push({ kind: 'lengthBetween', column, ...rangeOf(lengthBetween, [...at, 'lengthBetween'], report) });
  }
  if (values !== undefined) {
    for (const wanted of new Set(values.map(wantedOf))) need('in', wanted);
    rules.push({ kind: 'in', column, values });
  }
  if (matches !== undefined) {
    need('matches', 'text');
    checkPattern(matches, (message) => report([...at, 'matches'], message));
    rules.push({ kind: 'matches', column, pattern: matches });
  }
  return rules;
}

function wantedOf(value: string | number | boolean): Wanted {
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'a number' : 'true or false';
}

function rangeOf([min, max]: readonly (number | null)[], at: readonly string[], report: Report) {
  const range = { min: min ?? null, max: max ?? null };
  if (range.min !== null && range.max !== null && range.min > range.max) report(at, 'begins above its end');
  return range;
}

function checkPattern(pattern: string, report: (message: string) => void): void {
  try {
    createMatches(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    report(error.message);
  }
}

export function printExpectation(expectation: Expectation): unknown {
  const { onFail } = expectation;
  switch (expectation.kind) {
    case 'that':
      return { that: expectation.condition, onFail };
    case 'notNull':
      return { column: expectation.column, notNull: true, onFail };
    case 'in':
      return { column: expectation.column, in: expectation.values, onFail };
    case 'matches':
      return { column: expectation.column, matches: expectation.pattern, onFail };
    default: {
      const { column, kind, min, max } = expectation;
      return { column, [kind]: [min, max], onFail };
    }
  }
}
