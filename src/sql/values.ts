/**
 * The general tier: an expression as closures over values of any type, exact and with SQL's nulls. Only the language's
 * own operators and functions ever run.
 */
import type { Columns } from '../messages/columns.ts';
import { castOf } from './cast.ts';
import type { Checked, CheckedStep } from './checked.ts';
import type { Comparison } from './expression.ts';
import { fieldValues, type ValueAt } from './field-values.ts';
import { orderOf } from './order.ts';
import type { SqlType } from './type.ts';
import { SqlError, type SqlValue } from './value.ts';

/** Throws when the block lacks a field. What it returns throws a SqlError for a row that the expression fails on. */
export function valuesOf(node: Checked, columns: Columns): ValueAt {
  switch (node.kind) {
    case 'constant':
      return () => node.value;
    case 'field':
      return fieldValues(node.field, columns);
    case 'parameter': {
      const { cell } = node;
      return () => cell.value;
    }
    case 'each':
      return eachValues(node, columns);
    case 'not': {
      const of = valuesOf(node.of, columns);
      return (row) => {
        const value = of(row);
        return value === null ? null : value !== true;
      };
    }
    case 'and':
    case 'or':
      return junction(
        node.of.map((each) => valuesOf(each, columns)),
        node.kind === 'or',
      );
    case 'isNull': {
      const of = valuesOf(node.of, columns);
      return (row) => of(row) === null;
    }
    case 'isTruth': {
      const of = valuesOf(node.of, columns);
      return (row) => of(row) === node.truth;
    }
    case 'compare':
      return comparison(node.operator, node.left.type, valuesOf(node.left, columns), valuesOf(node.right, columns));
    case 'distinct': {
      const [left, right] = [valuesOf(node.left, columns), valuesOf(node.right, columns)];
      const isEqual = equality(node.left.type);
      return (row) => {
        const [a, b] = [left(row), right(row)];
        return a === null || b === null ? a !== b : !isEqual(a, b);
      };
    }
    case 'in':
      return membership(node, columns);
    case 'compute':
      return computation(node.first, node.steps, columns);
    case 'cast':
      return castValues(node, columns);
    case 'case': {
      const branches = node.branches.map(({ when, result }) => {
        return { when: valuesOf(when, columns), result: valuesOf(result, columns) };
      });
      const otherwise = valuesOf(node.otherwise, columns);
      return (row) => {
        for (let i = 0; i < branches.length; i++) if (branches[i]!.when(row) === true) return branches[i]!.result(row);
        return otherwise(row);
      };
    }
    case 'like': {
      const of = valuesOf(node.of, columns);
      return (row) => {
        const text = of(row);
        return typeof text === 'string' ? node.pattern(text) : null;
      };
    }
    case 'concat':
      return concatenation(node.of.map((each) => valuesOf(each, columns)));
    case 'call':
      return callValues(node, columns);
  }
}

/** Kleene's logic: `or` is true where one is, `and` is false where one is not. */
function junction(operands: readonly ValueAt[], decisive: boolean): ValueAt {
  return (row) => {
    let result: SqlValue = !decisive;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!(row);
      if (value === decisive) return decisive;
      if (value === null) result = null;
    }
    return result;
  };
}

/** Each comparison as a test of an order. */
const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function comparison(operator: Comparison, type: SqlType, left: ValueAt, right: ValueAt): ValueAt {
  const order = orderOf(type);
  const holds = HOLDS[operator];
  return (row) => {
    const [a, b] = [left(row), right(row)];
    return a === null || b === null ? null : holds(order(a, b));
  };
}

function equality(type: SqlType): (a: SqlValue, b: SqlValue) => boolean {
  if (isPlain(type)) return (a, b) => a === b;
  const order = orderOf(type);
  return (a, b) => order(a, b) === 0;
}

/** Whether equal values are identical. */
function isPlain({ kind }: SqlType): boolean {
  return ['boolean', 'bigint', 'double', 'varchar', 'date', 'timestamp', 'timestamptz'].includes(kind);
}

/** The constants of a list are one set, however many there are. */
function membership({ of, values }: Extract<Checked, { kind: 'in' }>, columns: Columns): ValueAt {
  const value = valuesOf(of, columns);
  const constants = isPlain(of.type) ? values.flatMap((each) => (each.kind === 'constant' ? [each.value] : [])) : [];
  const known = new Set(constants);
  const others = values.filter((each) => !isPlain(of.type) || each.kind !== 'constant');
  const rest = others.map((each) => valuesOf(each, columns));
  const isEqual = equality(of.type);
  return (row) => {
    const wanted = value(row);
    if (wanted !== null && known.has(wanted)) return true;
    let hasNull = wanted === null || known.has(null);
    for (let i = 0; i < rest.length; i++) {
      const found = rest[i]!(row);
      if (found === null) hasNull = true;
      else if (wanted !== null && isEqual(found, wanted)) return true;
    }
    return hasNull ? null : false;
  };
}

function computation(first: Checked, steps: readonly CheckedStep[], columns: Columns): ValueAt {
  const start = valuesOf(first, columns);
  let type = first.type;
  const each = steps.map((step) => {
    const convert = castOf(type, { type: step.from });
    type = step.type;
    return { at: step.at, convert, operand: valuesOf(step.operand, columns), arithmetic: step.arithmetic };
  });
  return (row) => {
    let value = start(row);
    for (let i = 0; i < each.length; i++) {
      const { convert, operand, arithmetic, at } = each[i]!;
      // What stands beside a null is computed too, and may fail, as in the fast tier: no row depends on its tier.
      const other = operand(row);
      if (value === null || other === null) {
        value = null;
        continue;
      }
      try {
        value = arithmetic.run(convert === null ? value : convert(value), other);
      } catch (error) {
        throw placed(error, at);
      }
    }
    return value;
  };
}

function castValues({ of, to, isTry, at }: Extract<Checked, { kind: 'cast' }>, columns: Columns): ValueAt {
  const values = valuesOf(of, columns);
  const convert = castOf(of.type, to);
  if (convert === null) throw new Error('A cast that was checked does not exist');
  return (row) => {
    const value = values(row);
    if (value === null) return null;
    try {
      return convert(value);
    } catch (error) {
      if (isTry && error instanceof SqlError) return null;
      throw placed(error, at);
    }
  };
}

function concatenation(operands: readonly ValueAt[]): ValueAt {
  return (row) => {
    let text = '';
    for (let i = 0; i < operands.length; i++) {
      const part = operands[i]!(row);
      if (typeof part !== 'string') return null;
      text += part;
    }
    return text;
  };
}

function callValues({ args, call, seesNulls, at }: Extract<Checked, { kind: 'call' }>, columns: Columns): ValueAt {
  const operands = args.map((arg) => valuesOf(arg, columns));
  return (row) => {
    const values: SqlValue[] = [];
    let hasNull = false;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!(row);
      if (value === null) hasNull = true;
      values.push(value);
    }
    if (hasNull && !seesNulls) return null;
    try {
      return call(values);
    } catch (error) {
      throw placed(error, at);
    }
  };
}

function eachValues(node: Extract<Checked, { kind: 'each' }>, columns: Columns): ValueAt {
  const { by, cells, at } = node;
  const [list, body] = [valuesOf(node.list, columns), valuesOf(node.body, columns)];
  const initial = node.initial === null ? null : valuesOf(node.initial, columns);
  const isReduce = by === 'reduce';
  const begin = isReduce && initial === null ? 1 : 0;
  return (row) => {
    const values = list(row);
    if (!Array.isArray(values)) return null;
    if (values.length < begin) throw new SqlError('list_reduce has nothing to begin with: the list is empty', at);
    let total: SqlValue = initial === null ? (values[0] ?? null) : initial(row);
    const results: SqlValue[] = [];
    for (let i = begin; i < values.length; i++) {
      const given = isReduce ? [total, values[i]!, i + 1] : [values[i]!, i + 1];
      for (let j = 0; j < cells.length; j++) cells[j]!.value = given[j] ?? null;
      const value = body(row);
      if (isReduce) total = value;
      else if (by === 'transform') results.push(value);
      else if (value === true) results.push(values[i]!);
    }
    return isReduce ? total : results;
  };
}

/** The innermost place is the fault's. */
function placed(error: unknown, at: number): unknown {
  return error instanceof SqlError && error.at === null ? new SqlError(error.message, at) : error;
}
