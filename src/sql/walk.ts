/** Walks expressions from their root down. */
import type { Expression } from './expression.ts';

/** What `change` gives takes the place of an expression, parts and all; where it gives null the parts are asked in turn. */
export function rewritten(expression: Expression, change: (each: Expression) => Expression | null): Expression {
  const changed = change(expression);
  if (changed !== null) return changed;
  if (expression.kind !== 'lambda') return withParts(expression, (each) => rewritten(each, change));
  // What a lambda calls its parameters is none of the names around it.
  const names = expression.params.map((param) => param.toLowerCase());
  const isParam = (each: Expression): boolean =>
    each.kind === 'column' && names.includes(each.names[0]?.toLowerCase() ?? '');
  return { ...expression, body: rewritten(expression.body, (each) => (isParam(each) ? each : change(each))) };
}

/** The first, from the root down, that is such an expression; null when none is. */
export function found(expression: Expression, is: (each: Expression) => boolean): Expression | null {
  let first: Expression | null = null;
  rewritten(expression, (each) => {
    if (first === null && is(each)) first = each;
    return first === null ? null : each;
  });
  return first;
}

function withParts(expression: Expression, inner: (each: Expression) => Expression): Expression {
  const maybe = (each: Expression | null): Expression | null => (each === null ? null : inner(each));
  switch (expression.kind) {
    case 'literal':
    case 'column':
    case 'star':
      return expression;
    case 'and':
    case 'or':
      return { ...expression, of: expression.of.map(inner) };
    case 'not':
    case 'minus':
    case 'isNull':
    case 'isTruth':
    case 'cast':
    case 'member':
    case 'interval':
      return { ...expression, of: inner(expression.of) };
    case 'compute': {
      const steps = expression.steps.map((step) => ({ ...step, operand: inner(step.operand) }));
      return { ...expression, first: inner(expression.first), steps };
    }
    case 'compare':
    case 'distinct':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case 'in':
      return { ...expression, of: inner(expression.of), values: expression.values.map(inner) };
    case 'between':
      return { ...expression, of: inner(expression.of), low: inner(expression.low), high: inner(expression.high) };
    case 'like': {
      const { of, pattern, escaping } = expression;
      return { ...expression, of: inner(of), pattern: inner(pattern), escaping: maybe(escaping) };
    }
    case 'case': {
      const branches = expression.branches.map(({ when, result }) => ({ when: inner(when), result: inner(result) }));
      return { ...expression, of: maybe(expression.of), branches, otherwise: maybe(expression.otherwise) };
    }
    case 'lambda':
      return { ...expression, body: inner(expression.body) };
    case 'call':
      return { ...expression, args: expression.args.map(inner), filter: maybe(expression.filter) };
    case 'list':
      return { ...expression, items: expression.items.map(inner) };
    case 'struct':
      return { ...expression, fields: expression.fields.map((field) => ({ ...field, value: inner(field.value) })) };
    case 'map': {
      const entries = expression.entries.map(({ key, value }) => ({ key: inner(key), value: inner(value) }));
      return { ...expression, entries };
    }
    case 'element':
      return { ...expression, of: inner(expression.of), index: inner(expression.index) };
    case 'slice':
      return { ...expression, of: inner(expression.of), from: maybe(expression.from), to: maybe(expression.to) };
  }
}
