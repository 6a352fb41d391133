/** Conditions: against JavaScript's own evaluation where nothing is null, and by SQL's tables where something is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { bindCondition } from '../../src/streams/condition.ts';
import { checkExpression, ExpressionError, parseExpression, type ValueType } from '../../src/streams/expression.ts';

const TYPES: Readonly<Record<string, ValueType>> = { a: 'number', b: 'number', s: 'text', t: 'text', on: 'truth' };
const typeOf = (path: string, at: number): ValueType => {
  const type = TYPES[path];
  if (type === undefined) throw new ExpressionError(`there is no field ${path}`, at);
  return type;
};

type Row = Readonly<Record<string, number | string | boolean | null>>;
function evaluate(text: string, rows: readonly Row[]): boolean[] {
  const expression = parseExpression(text);
  expect(checkExpression(expression, typeOf)).toBe('truth');
  const holds = bindCondition(expression, columnsOfEvents(rows));
  return rows.map((_, row) => holds(row));
}
/** A row that has every value, so that columns have their types. */
const SAMPLE: Row = { a: 0, b: 0, s: '', t: '', on: true };

/** A text of our language, and the same in JavaScript. */
interface Both {
  readonly ours: string;
  readonly js: string;
}
const same = (text: string): Both => ({ ours: text, js: text });
const numberText = fc.oneof(fc.nat(20).map(String), fc.double({ min: 0, max: 9, noNaN: true }).map(String));
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
    ['a == null', 6, 'nothing equals null; write `is null` or `is not null`'],
    ['a is 1', 6, 'null is missing before 1'],
    ['1 < a < 5', 7, 'a comparison of a comparison; write `and` between the two'],
    ['a in 1', 6, '( is missing before 1'],
    ['c > 1', 1, 'there is no field c'],
    ['a.b > 1', 1, 'there is no field a.b'],
    ['a > s', 5, 'must be a number, and is text'],
    ["a == '1'", 6, 'must be a number, and is text'],
    ['a', 1, 'must be true or false, and is a number'],
    ['a and on', 1, 'must be true or false, and is a number'],
    ['s + 1 > 2', 1, 'must be a number, and is text'],
    ['on < true', 4, '< has no meaning for true and false'],
    ['a > 1e999', 5, 'a number beyond the largest that there is'],
    ['a in ()', 7, 'a field or a value is missing before )'],
    ['a in (1, s)', 10, 'must be a number, and is text'],
    [`not ${'not '.repeat(300)}on`, 801, 'is nested more than 200 deep'],
    [`a > ${'- '.repeat(300)}1`, 403, 'is nested more than 200 deep'],
    [`${'('.repeat(300)}a`, 201, 'is nested more than 200 deep'],
    ['constructor == 1', 1, 'there is no field constructor'],
  ])('%j', (text, position, message) => {
    const run = () => {
      const expression = parseExpression(text);
      if (
        checkExpression(expression, (path, at) => (Object.hasOwn(TYPES, path) ? typeOf(path, at) : typeOf('?', at))) !==
        'truth'
      ) {
        throw new ExpressionError('must be true or false, and is a number', expression.at);
      }
    };
    const named = message.replace(/there is no field .*/, 'there is no field ?');
    expect(run).toThrow(expect.objectContaining({ message: named, position }));
  });
});

describe('what is long and not deep holds, however long it is', () => {
  const LONG = 60_000;
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
