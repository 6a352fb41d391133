/** Conditions: against JavaScript's own evaluation where nothing is null, and by SQL's tables where something is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { compileCondition } from '../../src/sql/compile.ts';
import { bindCondition, bindValue } from '../../src/sql/compiled.ts';

const SCHEMA = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'a', type: ['null', 'double'] },
    { name: 'b', type: ['null', 'double'] },
    { name: 's', type: ['null', 'string'] },
    { name: 't', type: ['null', 'string'] },
    { name: 'on', type: ['null', 'boolean'] },
  ],
} as const satisfies AvroRecord;

type Row = Readonly<Record<string, number | string | boolean | null>>;
/** By both tiers, which have to agree. */
function evaluate(text: string, rows: readonly Row[]): boolean[] {
  const condition = compileCondition(text, SCHEMA);
  const columns = columnsOfEvents(rows);
  const [holds, values] = [bindCondition(condition, columns), bindValue(condition, columns)];
  return rows.map((_, row) => {
    const isTrue = holds(row);
    expect(isTrue).toBe(values(row) === true);
    return isTrue;
  });
}
/** A row that has every value, so that columns have their types. */
const SAMPLE: Row = { a: 0, b: 0, s: '', t: '', on: true };

/** A text of our language, and the same in JavaScript. */
interface Both {
  readonly ours: string;
  readonly js: string;
}
const same = (text: string): Both => ({ ours: text, js: text });
/** With an exponent, a number is a DOUBLE, as it is in JavaScript. */
const numberText = fc
  .oneof(fc.nat(20).map(String), fc.double({ min: 0, max: 9, noNaN: true }).map(String))
  .map((text) => (text.includes('e') ? text : `${text}e0`));
const quoted = fc.string({ maxLength: 3 }).map((text) => ({
  ours: `'${text.replaceAll("'", "''")}'`,
  js: JSON.stringify(text),
}));

const { condition } = fc.letrec<{ number: Both; condition: Both }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(same('a'), same('b')),
    numberText.map(same),
    fc.tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number')).map(([x, operator, y]) => ({
      ours: `${x.ours} ${operator} ${y.ours}`,
      js: `${x.js} ${operator} ${y.js}`,
    })),
    // What is infinite comes to a finite number behind / and % alone, where it has brackets.
    tie('number').map((x) => ({ ours: `(${x.ours})`, js: `finite(${x.js})` })),
    tie('number').map((x) => ({ ours: `-(${x.ours})`, js: `-finite(${x.js})` })),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom({ ours: 'on', js: 'on' }, { ours: 'on == false', js: '(on === false)' }),
    fc
      .tuple(tie('number'), fc.constantFrom(...['==', '!=', '<', '<=', '>', '>=']), tie('number'))
      .map(([x, operator, y]) => ({
        ours: `${x.ours} ${operator} ${y.ours}`,
        js: `cmp('${operator}', ${x.js}, ${y.js})`,
      })),
    fc
      .tuple(
        fc.constantFrom('s', 't'),
        fc.constantFrom('==', '!=', '<', '>='),
        fc.oneof(quoted, fc.constant(same('t'))),
      )
      .map(([x, operator, y]) => ({ ours: `${x} ${operator} ${y.ours}`, js: `(${x} ${operator} ${y.js})` })),
    fc.tuple(fc.constantFrom('s', 't'), fc.array(quoted, { minLength: 1, maxLength: 3 })).map(([x, list]) => ({
      ours: `${x} in (${list.map(({ ours }) => ours).join(', ')})`,
      js: `[${list.map(({ js }) => js).join(',')}].includes(${x})`,
    })),
    // Precedence is JavaScript's: no brackets of ours where JavaScript needs none.
    fc
      .tuple(tie('condition'), tie('condition'))
      .map(([x, y]) => ({ ours: `${x.ours} and ${y.ours}`, js: `${x.js} && ${y.js}` })),
    fc
      .tuple(tie('condition'), tie('condition'))
      .map(([x, y]) => ({ ours: `${x.ours} OR ${y.ours}`, js: `${x.js} || ${y.js}` })),
    tie('condition').map((x) => ({ ours: `(${x.ours})`, js: `(${x.js})` })),
    tie('condition').map((x) => ({ ours: `not (${x.ours})`, js: `!(${x.js})` })),
  ),
}));

const row = fc.record({
  a: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, min: -9, max: 9 })),
  b: fc.integer({ min: -2, max: 2 }),
  s: fc.string({ maxLength: 3 }),
  t: fc.constantFrom('', 'a', 'é', '🙂', "it's"),
  on: fc.boolean(),
});

/** Thrown where a number is none: null in our language, which JavaScript has no such logic for. */
class NotANumber extends Error {}
function finite(x: number): number {
  if (!Number.isFinite(x)) throw new NotANumber();
  return x;
}
function compare(operator: string, x: number, y: number): boolean {
  finite(x);
  finite(y);
  return operator === '==' ? x === y : operator === '!=' ? x !== y : order(operator, x, y);
}
const order = (operator: string, x: number, y: number): boolean =>
  ({ '<': x < y, '<=': x <= y, '>': x > y, '>=': x >= y })[operator] ?? false;

test('a condition is what JavaScript makes of it, where no value is missing', () => {
  fc.assert(
    fc.property(condition, fc.array(row, { minLength: 1, maxLength: 5 }), ({ ours, js }, rows) => {
      const run = new Function('cmp', 'finite', 'a', 'b', 's', 't', 'on', `return ${js};`);
      const taken = evaluate(ours, rows);
      for (const [i, { a, b, s, t, on }] of rows.entries()) {
        try {
          expect(taken[i]).toBe(run(compare, finite, a, b, s, t, on));
        } catch (error) {
          if (!(error instanceof NotANumber)) throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('an event satisfies a condition, or its negation, or neither since a value is missing', () => {
  const nullable = fc.tuple(row, fc.subarray(['a', 'b', 's', 't', 'on'])).map(([whole, missing]) => ({
    ...whole,
    ...Object.fromEntries(missing.map((name) => [name, null])),
  }));
  fc.assert(
    fc.property(condition, nullable, ({ ours }, event) => {
      const rows: readonly Row[] = [event, SAMPLE];
      const outcomes = [ours, `not (${ours})`, `(${ours}) is null`].map((text) => evaluate(text, rows));
      for (const i of rows.keys()) expect(outcomes.filter((taken) => taken[i] === true)).toHaveLength(1);
    }),
  );
});

describe('null is as in SQL', () => {
  const NULL: Row = { a: null, b: 1, s: null, t: 'x', on: null };
  const both: readonly Row[] = [NULL, SAMPLE];
  const first = (text: string) => evaluate(text, both)[0];
  test.each([
    ['a > 0', false],
    ['not (a > 0)', false],
    ['a == a', false],
    ['a is null', true],
    ['a is not null', false],
    ['s is null and b is not null', true],
    ['a > 0 or b == 1', true],
    ['a > 0 and b == 2', false],
    ['not (a > 0 and b == 2)', true],
    ['a + 1 > 0 or s == t', false],
    ['a in (1, 2)', false],
    ['a not in (1, 2)', false],
    ['b not in (2, 3)', true],
    ['on', false],
    ['not on', false],
    ['on is null', true],
    ['0 / 0 == 0', false],
    ['0 / 0 is null', true],
    ['1 / 0 is null', true],
    ['-1 / 0 is null', true],
    ['1 / 0 > 5', false],
    ['not (1 / 0 > 5)', false],
    ['1 / (1 / 0) = 0', false],
    ['1e308 * 10 - 1e308 * 10 is null', true],
    ['1e308 * 10 / 10 is null', true],
    ['b % 0 is null', true],
    ['1 / 0 in (1, 2)', false],
    ['1 / 0 not in (1, 2)', false],
    ['a not in (1, b)', false],
    ['b in (a, 1)', true],
    ['b in (a, 2)', false],
    ['b not in (a, 2)', false],
    ["t in (s, 'x')", true],
    ["'a' is null", false],
    ["'x' in ('y', t)", true],
    ['on in (true, false)', false],
  ])('%s', (text, expected) => expect(first(text)).toBe(expected));
});

test('a text that is null in all rows of a block is null, though its column has no type', () => {
  const rows = [{ ...SAMPLE, s: null }];
  expect(evaluate("s == 'x'", rows)).toEqual([false]);
  expect(evaluate("not ('x' == s)", rows)).toEqual([false]);
  expect(evaluate('s == t or s is null', rows)).toEqual([true]);
});

describe('what is wrong is said with its place', () => {
  test.each([
    ['', 1, 'a field or a value is missing before the end'],
    ['a >', 4, 'a field or a value is missing before the end'],
    ['a > 1 b', 7, 'an operator is missing before b'],
    ['a > 1 and', 10, 'a field or a value is missing before the end'],
    ['(a > 1', 7, ') is missing before the end'],
    ["s == 'x", 6, 'the quote is not closed'],
    ['a > 1; b', 6, '; has no meaning here'],
    ['a > /* 1', 5, 'the comment is not closed'],
    ['a is 1', 6, 'null, true, false or distinct from is missing before 1; two values are compared by ='],
    ['1 < a < 5', 7, 'a comparison of a comparison; write `and` between the two, or brackets'],
    ['a in 1', 6, '( is missing before 1'],
    ['c > 1', 1, 'there is no field of Row "c"; known: a, b, s, t, on'],
    ['om', 1, 'there is no field of Row "om"; did you mean on?'],
    ['a.b > 1', 1, 'there is no field b in what is DOUBLE'],
    ['a > s', 5, "DOUBLE and VARCHAR can't be compared; CAST one of them"],
    ["a == 'x'", 6, "'x' is no DOUBLE"],
    ['a', 1, 'must be true or false, and is DOUBLE'],
    ['a and on', 1, 'must be true or false, and is DOUBLE'],
    ['s + 1 > 2', 1, 'must be a number, and is VARCHAR'],
    ['a > 1e999', 5, 'a number beyond the largest that there is'],
    ['a in ()', 7, 'a field or a value is missing before )'],
    ['a in (1, s)', 10, "DOUBLE and VARCHAR can't be compared; CAST one of them"],
    ['s = "x"', 5, `there is no field of Row "x"; known: a, b, s, t, on; texts are in single quotes: 'x'`],
    ["s like 'a!' escape '!'", 8, 'a pattern of LIKE must not end with its escape character !'],
    ["d = date '2026-02-30'", 10, "'2026-02-30' is no DATE; write one as '2026-11-30'"],
    ['cast(a as doubel) > 1', 11, 'there is no type doubel; did you mean DOUBLE?'],
    ['cast(on as date) is null', 1, "BOOLEAN can't be cast to DATE"],
    ['a > 99999999999999999999', 5, '99999999999999999999 is beyond the 64 bits of a BIGINT'],
    ['sum(a) > 1', 1, 'sum is an aggregate, over the events of a window; one event is at hand here'],
    ['case on when 1 then on end', 14, "BOOLEAN and BIGINT can't be compared; CAST one of them"],
    [`not ${'not '.repeat(300)}on`, 801, 'is nested more than 200 deep'],
    [`a > ${'- '.repeat(300)}1`, 403, 'is nested more than 200 deep'],
    [`${'('.repeat(300)}a`, 201, 'is nested more than 200 deep'],
    ['constructor == 1', 1, 'there is no field of Row "constructor"; known: a, b, s, t, on'],
  ])('%j', (text, position, message) => {
    expect(() => compileCondition(text, SCHEMA)).toThrow(expect.objectContaining({ message, position }));
  });
});

describe('what is long and not deep holds, however long it is', () => {
  const LONG = 20_000;
  const rows: readonly Row[] = [
    { ...SAMPLE, a: LONG - 1, s: `v${LONG - 1}` },
    { ...SAMPLE, a: LONG, s: 'w' },
    { ...SAMPLE, a: null, s: null },
  ];
  const all = (make: (i: number) => string, between: string): string =>
    Array.from({ length: LONG }, (_, i) => make(i)).join(between);
  test.each([
    ['a list of numbers', `a in (${all(String, ',')})`, [true, false, false]],
    ['a list of texts', `s in (${all((i) => `'v${i}'`, ', ')})`, [true, false, false]],
    ['a list that is excluded', `a not in (${all(String, ',')})`, [false, true, false]],
    ['a list of computed values', `a in (${all((i) => `b + ${i}`, ',')})`, [true, false, false]],
    ['or', all((i) => `a = ${i}`, ' or '), [true, false, false]],
    ['and', all((i) => `a != ${i}`, ' and '), [false, true, false]],
    ['a sum', `${all(() => '1', ' + ')} = a`, [false, true, false]],
    ['a product', `a * ${all(() => '1', ' * ')} / 1 % 100000 = ${LONG}`, [false, true, false]],
  ])('%s', (_, text, expected) => expect(evaluate(text, rows)).toEqual(expected));
});
