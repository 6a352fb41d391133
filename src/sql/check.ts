/**
 * Checks an expression: resolves names, checks that types fit, and writes out the casts that DuckDB makes by itself.
 */

import { quotedText } from '../sql-quotes.ts';
import { checkCall } from './check-call.ts';
import { computed, negative } from './check-operators.ts';
import { elementOf, listOf, mapOf, memberOf, sliceOf, structOf } from './check-parts.ts';
import { choice, compared, negation, truth } from './check-truth.ts';
import { BOOLEAN, type Checked, callOf, constantOf } from './checked.ts';
import { cast, coerced, named } from './coerce.ts';
import type { Expression } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { FUNCTIONS, type FunctionTable } from './functions.ts';
import { intervalOf } from './interval.ts';
import { lambdaCall } from './lambda.ts';
import { likePattern } from './like.ts';
import type { Scope } from './scope.ts';
import { SqlError } from './value.ts';

/** Throws an ExpressionError. */
export function checkExpression(expression: Expression, scope: Scope, functions: FunctionTable = FUNCTIONS): Checked {
  const check = (each: Expression): Checked => checkExpression(each, scope, functions);
  const { at } = expression;
  switch (expression.kind) {
    case 'literal':
      return constantOf(expression.type, expression.value, at);
    case 'column':
      return columnOf(expression, scope);
    case 'star':
      throw new ExpressionError('* stands for all fields, and one value is wanted here', at);
    case 'not':
      return negation(truth(check(expression.of)), at);
    case 'minus':
      return negative(check(expression.of), at);
    case 'and':
    case 'or':
      return { kind: expression.kind, type: BOOLEAN, of: expression.of.map((each) => truth(check(each))), at };
    case 'compute': {
      const operands = expression.steps.map((step) => ({ ...step, operand: check(step.operand) }));
      return computed(check(expression.first), operands, at);
    }
    case 'compare': {
      const [left, right] = compared([check(expression.left), check(expression.right)]);
      return { kind: 'compare', type: BOOLEAN, operator: expression.operator, left: left!, right: right!, at };
    }
    case 'distinct': {
      const [left, right] = compared([check(expression.left), check(expression.right)]);
      return negatedIf(expression.isNegated, { kind: 'distinct', type: BOOLEAN, left: left!, right: right!, at });
    }
    case 'isNull':
      return negatedIf(expression.isNegated, { kind: 'isNull', type: BOOLEAN, of: check(expression.of), at });
    case 'isTruth': {
      const { truth: wanted } = expression;
      const of = truth(check(expression.of));
      return negatedIf(expression.isNegated, { kind: 'isTruth', type: BOOLEAN, truth: wanted, of, at });
    }
    case 'in': {
      const [of, ...values] = compared([check(expression.of), ...expression.values.map(check)]);
      return negatedIf(expression.isNegated, { kind: 'in', type: BOOLEAN, of: of!, values, at });
    }
    case 'between': {
      const [of, low, high] = compared([check(expression.of), check(expression.low), check(expression.high)]);
      const ends: readonly Checked[] = [
        { kind: 'compare', type: BOOLEAN, operator: '>=', left: of!, right: low!, at },
        { kind: 'compare', type: BOOLEAN, operator: '<=', left: of!, right: high!, at },
      ];
      return negatedIf(expression.isNegated, { kind: 'and', type: BOOLEAN, of: ends, at });
    }
    case 'like':
      return likeOf(expression, check);
    case 'case':
      return caseOf(expression, check);
    case 'cast':
      return cast(check(expression.of), expression.to, expression.isTry, at);
    case 'lambda':
      throw new ExpressionError('a lambda is an argument of list_transform, list_filter or list_reduce', at);
    case 'call':
      if (expression.args.some(({ kind }) => kind === 'lambda')) {
        return lambdaCall(expression, scope, (each, own) => checkExpression(each, own, functions));
      }
      return checkCall(expression, expression.args.map(check), functions);
    case 'list':
      return listOf(expression.items.map(check), at);
    case 'struct': {
      const { fields } = expression;
      return structOf(
        fields.map(({ name }) => name),
        fields.map(({ value }) => check(value)),
        at,
      );
    }
    case 'map': {
      const { entries } = expression;
      return mapOf(
        entries.map(({ key }) => check(key)),
        entries.map(({ value }) => check(value)),
        at,
      );
    }
    case 'element':
      return elementOf(check(expression.of), check(expression.index), at);
    case 'slice': {
      const [from, to] = [expression.from, expression.to].map((end) => (end === null ? null : check(end)));
      return sliceOf(check(expression.of), from ?? null, to ?? null, at);
    }
    case 'member':
      return memberOf(check(expression.of), expression.name, at);
    case 'interval': {
      const count = check(expression.of);
      const { unit } = expression;
      const of = coerced(count, { kind: 'double' });
      return callOf('interval', { kind: 'interval' }, [of], ([value]) => intervalOf(Number(value), unit), at);
    }
  }
}

function columnOf(expression: Extract<Expression, { kind: 'column' }>, scope: Scope): Checked {
  const { names, isQuoted, at } = expression;
  const found = scope.field(names);
  if ('wrong' in found) {
    const [name = ''] = names;
    const isText = isQuoted && names.length === 1;
    const hint = isText ? `; texts are in single quotes: ${quotedText(name)}` : '';
    throw new ExpressionError(`${found.wrong}${hint}`, at);
  }
  const { type, cell } = found;
  const field: Checked =
    cell === undefined ? { kind: 'field', type, field: found, at } : { kind: 'parameter', type, cell, at };
  return names.slice(found.names).reduce<Checked>((of, name) => memberOf(of, name, at), field);
}

function negatedIf(isNegated: boolean, of: Checked): Checked {
  return isNegated ? negation(of, of.at) : of;
}

function text(node: Checked): Checked {
  if (node.type.kind === 'varchar' || node.type.kind === 'null') return coerced(node, { kind: 'varchar' });
  throw new ExpressionError(`must be VARCHAR, and is ${named(node.type)}`, node.at);
}

function likeOf(expression: Extract<Expression, { kind: 'like' }>, check: (each: Expression) => Checked): Checked {
  const { ignoresCase, at } = expression;
  const [of, pattern] = [text(check(expression.of)), text(check(expression.pattern))];
  const escaping =
    expression.escaping === null ? constantOf({ kind: 'varchar' }, '', at) : text(check(expression.escaping));
  if (pattern.kind !== 'constant' || escaping.kind !== 'constant') {
    const call = callOf('like', BOOLEAN, [of, pattern, escaping], matchAny(ignoresCase), at);
    return negatedIf(expression.isNegated, call);
  }
  if (pattern.value === null || escaping.value === null) return constantOf(BOOLEAN, null, at);
  try {
    const own = likePattern(String(pattern.value), String(escaping.value) || null, ignoresCase);
    return negatedIf(expression.isNegated, { kind: 'like', type: BOOLEAN, of, pattern: own, at });
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new ExpressionError(error.message, pattern.at);
  }
}

function matchAny(ignoresCase: boolean): Extract<Checked, { kind: 'call' }>['call'] {
  return ([value, pattern, escaping]) => {
    return likePattern(String(pattern), String(escaping) || null, ignoresCase)(String(value));
  };
}

function caseOf(expression: Extract<Expression, { kind: 'case' }>, check: (each: Expression) => Checked): Checked {
  const { at } = expression;
  const of = expression.of === null ? null : check(expression.of);
  const whens = expression.branches.map(({ when }) => {
    if (of === null) return truth(check(when));
    const [left, right] = compared([of, check(when)]);
    return { kind: 'compare', type: BOOLEAN, operator: '=', left: left!, right: right!, at: when.at } as const;
  });
  const none: Expression = { kind: 'literal', type: { kind: 'null' }, value: null, at };
  const results = [...expression.branches.map(({ result }) => result), expression.otherwise ?? none].map(check);
  return choice(whens, results, at);
}
