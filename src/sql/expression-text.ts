/** Expressions as SQL: what is printed is parsed as the same tree, but for its places. */

import { quotedName, quotedText } from '../sql-quotes.ts';
import type { Expression } from './expression.ts';
import { typeText } from './type.ts';
import { textOf } from './value-text.ts';

/** Names that stand for themselves are not quoted, unless a word of expressions is spelled so. */
const PLAIN = /^[a-z_][a-z0-9_]*$/i;
const WORDS: ReadonlySet<string> = new Set(
  'and between case cast distinct else end escape false for from ilike in interval is isnull like map not notnull null or select then true try_cast when'.split(
    ' ',
  ),
);

/** A field as an expression names it. */
export function nameText(name: string): string {
  return PLAIN.test(name) && !WORDS.has(name.toLowerCase()) ? name : quotedName(name);
}

export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return literalText(expression);
    case 'column':
      return expression.names.map(nameText).join('.');
    case 'star':
      return expression.table === null ? '*' : `${expression.table}.*`;
    case 'not':
      return `(NOT ${expressionText(expression.of)})`;
    case 'minus':
      return `(- ${expressionText(expression.of)})`;
    case 'and':
    case 'or':
      return `(${expression.of.map(expressionText).join(` ${expression.kind.toUpperCase()} `)})`;
    case 'compute': {
      const steps = expression.steps.map(({ operator, operand }) => ` ${operator} ${expressionText(operand)}`);
      return `(${expressionText(expression.first)}${steps.join('')})`;
    }
    case 'compare':
      return `(${expressionText(expression.left)} ${expression.operator} ${expressionText(expression.right)})`;
    case 'distinct': {
      const not = expression.isNegated ? 'NOT ' : '';
      return `(${expressionText(expression.left)} IS ${not}DISTINCT FROM ${expressionText(expression.right)})`;
    }
    case 'isNull':
      return `(${expressionText(expression.of)} IS ${expression.isNegated ? 'NOT ' : ''}NULL)`;
    case 'isTruth': {
      const truth = expression.truth ? 'TRUE' : 'FALSE';
      return `(${expressionText(expression.of)} IS ${expression.isNegated ? 'NOT ' : ''}${truth})`;
    }
    case 'in': {
      const values = expression.values.map(expressionText).join(', ');
      return `(${expressionText(expression.of)} ${expression.isNegated ? 'NOT ' : ''}IN (${values}))`;
    }
    case 'between': {
      const ends = `${expressionText(expression.low)} AND ${expressionText(expression.high)}`;
      return `(${expressionText(expression.of)} ${expression.isNegated ? 'NOT ' : ''}BETWEEN ${ends})`;
    }
    case 'like':
      return likeText(expression);
    case 'case':
      return caseText(expression);
    case 'cast': {
      const { to, isTry } = expression;
      const type = to.range?.name ?? (to.isSingle === true ? 'FLOAT' : typeText(to.type));
      return `${isTry ? 'TRY_CAST' : 'CAST'}(${expressionText(expression.of)} AS ${type})`;
    }
    case 'call':
      return callText(expression);
    case 'lambda':
      return `lambda ${expression.params.map(nameText).join(', ')}: ${expressionText(expression.body)}`;
    case 'list':
      return `[${expression.items.map(expressionText).join(', ')}]`;
    case 'struct': {
      const fields = expression.fields.map(({ name, value }) => `${quotedText(name)}: ${expressionText(value)}`);
      return `{${fields.join(', ')}}`;
    }
    case 'map': {
      const entries = expression.entries.map(({ key, value }) => `${expressionText(key)}: ${expressionText(value)}`);
      return `MAP {${entries.join(', ')}}`;
    }
    case 'element':
      return `(${expressionText(expression.of)})[${expressionText(expression.index)}]`;
    case 'slice': {
      const [from, to] = [expression.from, expression.to].map((end) => (end === null ? '' : expressionText(end)));
      return `(${expressionText(expression.of)})[${from}:${to}]`;
    }
    case 'member':
      return `(${expressionText(expression.of)}).${nameText(expression.name)}`;
    case 'interval':
      return `INTERVAL (${expressionText(expression.of)}) ${expression.unit.toUpperCase()}`;
  }
}

function literalText({ type, value }: Extract<Expression, { kind: 'literal' }>): string {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'varchar':
      return quotedText(String(value));
    case 'double':
      return Number(value).toExponential();
    case 'timestamptz':
      return `TIMESTAMPTZ ${quotedText(textOf(type)(value))}`;
    case 'date':
    case 'timestamp':
    case 'interval':
      return `${type.kind.toUpperCase()} ${quotedText(textOf(type)(value))}`;
    default:
      return textOf(type)(value);
  }
}

function likeText(expression: Extract<Expression, { kind: 'like' }>): string {
  const { of, pattern, escaping, isNegated, ignoresCase } = expression;
  const operator = `${isNegated ? 'NOT ' : ''}${ignoresCase ? 'ILIKE' : 'LIKE'}`;
  const ending = escaping === null ? '' : ` ESCAPE ${expressionText(escaping)}`;
  return `(${expressionText(of)} ${operator} ${expressionText(pattern)}${ending})`;
}

function caseText({ of, branches, otherwise }: Extract<Expression, { kind: 'case' }>): string {
  const chosen = branches.map(({ when, result }) => ` WHEN ${expressionText(when)} THEN ${expressionText(result)}`);
  const rest = otherwise === null ? '' : ` ELSE ${expressionText(otherwise)}`;
  return `CASE${of === null ? '' : ` ${expressionText(of)}`}${chosen.join('')}${rest} END`;
}

/** POSITION(a IN b) is the one call that has no form with commas. */
function callText({ name, args, isDistinct, filter }: Extract<Expression, { kind: 'call' }>): string {
  const texts = args.map(expressionText);
  if (name === 'position') return `position(${texts[1]} IN ${texts[0]})`;
  const rest = filter === null ? '' : ` FILTER (WHERE ${expressionText(filter)})`;
  const called = PLAIN.test(name) ? name : nameText(name);
  return `${called}(${isDistinct ? 'DISTINCT ' : ''}${texts.join(', ')})${rest}`;
}
