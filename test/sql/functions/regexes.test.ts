/** Regular expressions, beside DuckDB on random texts and patterns. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FUNCTIONS } from '../../../src/sql/functions.ts';
import { SqlError } from '../../../src/sql/value.ts';
import { argument, fixed, PART, TEXT, VARCHAR_TYPE } from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

const PATTERNS = ['a', 'b*', '^a', '[ab]+', '(a)(b)?', '.', '(é|😀)+', ',', '', '$', '(a|b)(,|.)', '\\w+', 'B', '(x)?'];
const LINES = argument(VARCHAR_TYPE, fc.string({ unit: fc.constantFrom(...'ab,éA\n😀'.match(/./gsu)!), maxLength: 8 }));
const OPTIONS = ['i', 's', 'l', 'm', 'is', 'c'].map(fixed);

test('patterns are matched, extracted, replaced and split as in DuckDB', async () => {
  const all = PATTERNS.map(fixed).flatMap((pattern) => [
    ...['regexp_matches', 'regexp_full_match', 'regexp_extract', 'regexp_extract_all', 'regexp_split_to_array'].map(
      (name) => {
        return calls(name, LINES, pattern);
      },
    ),
    ...['', '[\\1]', '\\0\\0', 'é\\\\', '\\x'].map((by) => calls('regexp_replace', LINES, pattern, fixed(by))),
    calls('regexp_replace', LINES, pattern, PART, fixed('g')),
    ...OPTIONS.map((options) => calls('regexp_matches', LINES, pattern, options)),
  ]);
  const more = [
    calls('regexp_escape', TEXT),
    calls('regexp_matches', LINES, PART),
    calls('regexp_split_to_array', LINES, PART),
  ];
  expect(await differences([...all, ...more], 12)).toEqual([]);
});

test('a constant pattern that is none is refused before any text comes', () => {
  const regexpMatches = FUNCTIONS.named('regexp_matches')!;
  const prepare = (pattern: string, options?: string) => {
    const constants = [undefined, pattern, ...(options === undefined ? [] : [options])];
    return regexpMatches.prepare?.(
      constants,
      constants.map(() => VARCHAR_TYPE),
    );
  };
  expect(() => prepare('(')).toThrow(SqlError);
  expect(() => prepare('(?=a)')).toThrow('the pattern "(?=a)" is none');
  expect(() => prepare('a', 'q')).toThrow('there is no option "q" of a pattern here');
});

test('a pattern that takes other engines for ever takes a moment', () => {
  const match = FUNCTIONS.named('regexp_full_match')!.prepare?.([undefined, '(a+)+b'], [VARCHAR_TYPE, VARCHAR_TYPE]);
  expect(match?.(['a'.repeat(5000), '(a+)+b'])).toBe(false);
});
