/**
 * The fast tier: numbers as plain numbers, and conditions over them and over texts as bytes. A part that has no such form is
 * computed by the general tier; a row whose whole number or decimal leaves what a double holds exactly throws INEXACT.
 *
 * NaN is null. A decimal is its unscaled digits. A truth is 0, 1, or a half for neither.
 */
import type { Columns } from '../messages/columns.ts';
import type { Checked } from './checked.ts';
import { exact, fastStep, finiteOrNull, INEXACT, type NumberAt } from './fast-arithmetic.ts';
import { fastCast } from './fast-cast.ts';
import { compareColumn, compareNumbers, compareTextColumn, compareTextValues, UNKNOWN } from './fast-compare.ts';
import type { ValueAt } from './field-values.ts';
import { isDecimal } from './kinds.ts';
import type { ScopeField } from './scope.ts';
import { textSet } from './text-set.ts';
import type { SqlType } from './type.ts';
import type { SqlValue } from './value.ts';
import { valuesOf } from './values.ts';

/** Whether values of the type have a form as plain numbers. */
function isNumeric({ kind }: SqlType): boolean {
  return ['boolean', 'bigint', 'double', 'decimal', 'date', 'timestamp', 'timestamptz'].includes(kind);
}

/** Of a node whose type is numeric. Throws when the block lacks a field. */
export function numberAt(node: Checked, columns: Columns): NumberAt {
  switch (node.kind) {
    case 'constant': {
      const { value } = node;
      const number = plainNumber(value);
      return number === null ? numbersOf(() => value) : () => number;
    }
    case 'field':
      return fieldNumbers(node.field, columns) ?? numbersOf(valuesOf(node, columns));
    case 'compute':
      return computation(node, columns) ?? numbersOf(valuesOf(node, columns));
    case 'cast': {
      const convert = node.isTry ? null : fastCast(node.of.type, node.to.type);
      if (convert === null || node.to.range !== undefined || node.to.isSingle) break;
      return convert(numberAt(node.of, columns));
    }
    case 'case': {
      const branches = node.branches.map(({ when, result }) => {
        return { when: truthAt(when, columns), result: numberAt(result, columns) };
      });
      const otherwise = numberAt(node.otherwise, columns);
      return (row) => {
        for (let i = 0; i < branches.length; i++) if (branches[i]!.when(row) === 1) return branches[i]!.result(row);
        return otherwise(row);
      };
    }
    case 'parameter':
    case 'each':
      break;
    case 'call':
      if (node.numeric !== null && !node.seesNulls) {
        const args = node.args.map((arg) => numberAt(arg, columns));
        return calls(node.numeric, args, node.type.kind === 'bigint');
      }
      break;
    default: {
      const truth = truthAt(node, columns);
      return (row) => {
        const value = truth(row);
        return value === UNKNOWN ? Number.NaN : value;
      };
    }
  }
  return numbersOf(valuesOf(node, columns));
}

/** Null for what only the general tier can tell. */
function plainNumber(value: SqlValue): number | null {
  if (value === null) return Number.NaN;
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  if (!isDecimal(value)) return null;
  const unscaled = Number(value.unscaled);
  return Number.isSafeInteger(unscaled) ? unscaled : null;
}

function numbersOf(values: ValueAt): NumberAt {
  return (row) => {
    const number = plainNumber(values(row));
    if (number === null) throw INEXACT;
    return number;
  };
}

/** Null where the field is no column of numbers. */
function fieldNumbers({ path, ticksPerMs }: ScopeField, columns: Columns): NumberAt | null {
  const column = columns.column(path);
  if (column?.kind !== 'number') return null;
  const { values, nulls, exact: wide } = column;
  if (wide !== null) return (row) => (nulls?.[row] === 1 ? Number.NaN : exact(values[row]!) / ticksPerMs);
  if (ticksPerMs !== 1) return (row) => (nulls?.[row] === 1 ? Number.NaN : values[row]! / ticksPerMs);
  return nulls === null ? (row) => values[row]! : (row) => (nulls[row] === 1 ? Number.NaN : values[row]!);
}

/** More steps than this are not nested, since a stack has an end. */
const NESTED_STEPS = 16;

function computation({ first, steps }: Extract<Checked, { kind: 'compute' }>, columns: Columns): NumberAt | null {
  const each: { readonly prepare: (before: NumberAt) => NumberAt }[] = [];
  let type = first.type;
  for (const { arithmetic, from, operand, type: result } of steps) {
    const { fast } = arithmetic;
    const convert = fastCast(type, from);
    if (fast === null || convert === null || !isNumeric(operand.type)) return null;
    const other = numberAt(operand, columns);
    each.push({ prepare: (before) => fastStep(fast, convert(before), other) });
    type = result;
  }
  if (!isNumeric(first.type)) return null;
  const start = numberAt(first, columns);
  if (each.length <= NESTED_STEPS) return each.reduce((before, { prepare }) => prepare(before), start);
  let value = Number.NaN;
  const run = each.map(({ prepare }) => prepare(() => value));
  return (row) => {
    value = start(row);
    for (let i = 0; i < run.length; i++) value = run[i]!(row);
    return value;
  };
}

function calls(call: (...args: number[]) => number, args: readonly NumberAt[], isWhole: boolean): NumberAt {
  const settle = isWhole ? exact : finiteOrNull;
  const [a, b] = args;
  if (a !== undefined && b === undefined) {
    return (row) => {
      const x = a(row);
      return Number.isNaN(x) ? x : settle(call(x));
    };
  }
  if (a !== undefined && b !== undefined && args.length === 2) {
    return (row) => {
      const [x, y] = [a(row), b(row)];
      return Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : settle(call(x, y));
    };
  }
  return (row) => {
    const values = args.map((arg) => arg(row));
    return values.some(Number.isNaN) ? Number.NaN : settle(call(...values));
  };
}

/** Of a condition. Throws when the block lacks a field. */
export function truthAt(node: Checked, columns: Columns): NumberAt {
  switch (node.kind) {
    case 'and':
      return allAt(node.of.map((each) => truthAt(each, columns)));
    case 'or':
      return anyAt(node.of.map((each) => truthAt(each, columns)));
    case 'not': {
      const of = truthAt(node.of, columns);
      return (row) => 1 - of(row);
    }
    case 'isNull':
      return nullsAt(node.of, columns);
    case 'isTruth': {
      const of = truthAt(node.of, columns);
      const wanted = Number(node.truth);
      return (row) => Number(of(row) === wanted);
    }
    case 'compare':
      return comparisonAt(node, columns);
    case 'in':
      return membershipAt(node, columns);
    case 'field': {
      const numbers = fieldNumbers(node.field, columns);
      if (numbers === null) break;
      return (row) => {
        const value = numbers(row);
        return Number.isNaN(value) ? UNKNOWN : value;
      };
    }
  }
  const values = valuesOf(node, columns);
  return (row) => {
    const value = values(row);
    return value === null ? UNKNOWN : Number(value === true);
  };
}

/** The smallest operand. */
function allAt(operands: readonly NumberAt[]): NumberAt {
  return (row) => {
    let value = 1;
    for (let i = 0; i < operands.length && value > 0; i++) value = Math.min(value, operands[i]!(row));
    return value;
  };
}

/** The largest operand. */
function anyAt(operands: readonly NumberAt[]): NumberAt {
  return (row) => {
    let value = 0;
    for (let i = 0; i < operands.length && value < 1; i++) value = Math.max(value, operands[i]!(row));
    return value;
  };
}

function nullsAt(of: Checked, columns: Columns): NumberAt {
  const column = of.kind === 'field' ? columns.column(of.field.path) : undefined;
  if (column?.kind === 'text') {
    const { nulls } = column;
    return nulls === null ? () => 0 : (row) => nulls[row]!;
  }
  if (of.type.kind === 'boolean') {
    const truth = truthAt(of, columns);
    return (row) => Number(truth(row) === UNKNOWN);
  }
  if (isNumeric(of.type)) {
    const number = numberAt(of, columns);
    return (row) => Number(Number.isNaN(number(row)));
  }
  const values = valuesOf(of, columns);
  return (row) => Number(values(row) === null);
}

function comparisonAt(node: Extract<Checked, { kind: 'compare' }>, columns: Columns): NumberAt {
  const { operator, left, right } = node;
  const column = left.kind === 'field' ? columns.column(left.field.path) : undefined;
  const constant = right.kind === 'constant' ? right.value : null;
  if (left.type.kind === 'varchar') {
    if (column?.kind === 'text' && typeof constant === 'string') {
      return operator === '=' ? setAt([constant], column) : compareTextColumn(operator, column, constant);
    }
    return compareTextValues(operator, valuesOf(left, columns), valuesOf(right, columns));
  }
  if (!isNumeric(left.type)) {
    const values = valuesOf(node, columns);
    return (row) => Number(values(row) ?? UNKNOWN);
  }
  const isPlain = left.kind === 'field' && left.field.ticksPerMs === 1;
  if (isPlain && column?.kind === 'number' && column.exact === null && typeof constant === 'number') {
    return compareColumn(operator, column, constant);
  }
  return compareNumbers(operator, numberAt(left, columns), numberAt(right, columns));
}

function setAt(texts: readonly string[], column: Parameters<ReturnType<typeof textSet>>[0]): NumberAt {
  const has = textSet(texts);
  const { nulls } = column;
  return (row) => (nulls !== null && nulls[row] === 1 ? UNKNOWN : Number(has(column, row)));
}

/** `x in (1, y)` is `x = 1 or x = y`; the constants of the list are one set, however many there are. */
function membershipAt(node: Extract<Checked, { kind: 'in' }>, columns: Columns): NumberAt {
  const { of, values } = node;
  const constants = values.flatMap((each) => (each.kind === 'constant' && each.value !== null ? [each.value] : []));
  const others = values.filter((each) => each.kind !== 'constant' || each.value === null);
  const isIn = constantsAt(of, constants, columns);
  if (isIn === null) {
    const each = valuesOf(node, columns);
    return (row) => {
      const value = each(row);
      return value === null ? UNKNOWN : Number(value === true);
    };
  }
  const { at, type } = node;
  const rest = others.map((right) => truthAt({ kind: 'compare', operator: '=', left: of, right, type, at }, columns));
  return rest.length === 0 ? isIn : anyAt([isIn, ...rest]);
}

/** Null for constants that have no plain form. */
function constantsAt(of: Checked, constants: readonly SqlValue[], columns: Columns): NumberAt | null {
  if (of.type.kind === 'varchar') {
    const texts = constants.filter((value) => typeof value === 'string');
    const column = of.kind === 'field' ? columns.column(of.field.path) : undefined;
    if (column?.kind === 'text') return setAt(texts, column);
    const known = new Set<SqlValue>(texts);
    const values = valuesOf(of, columns);
    return (row) => {
      const value = values(row);
      return value === null ? UNKNOWN : Number(known.has(value));
    };
  }
  const numbers = constants.map(plainNumber);
  if (!isNumeric(of.type) || numbers.includes(null)) return null;
  const known = new Set(numbers);
  const value = numberAt(of, columns);
  return (row) => {
    const found = value(row);
    return Number.isNaN(found) ? UNKNOWN : Number(known.has(found));
  };
}
