/** Evaluates expressions over columns by closures, so nothing but the language's own operators ever runs. */
import { type Columns, textAt } from '../messages/columns.ts';
import type { Comparison, Computation, Expression } from './expression.ts';
import { textSet } from './text-set.ts';

/** NaN is null. Truths are 0, 1 and a half for neither: in Kleene's logic `and` is the smaller of two. */
type NumberAt = (row: number) => number;
type TextAt = (row: number) => string | null;

const UNKNOWN = 0.5;

/** Binds a checked condition to a block: is it true for a row? Throws when the block lacks a field. */
export function bindCondition(expression: Expression, columns: Columns): (row: number) => boolean {
  const truth = truthAt(expression, columns);
  return (row) => truth(row) === 1;
}

function truthAt(expression: Expression, columns: Columns): NumberAt {
  switch (expression.kind) {
    case 'and':
      return allAt(expression.of.map((operand) => truthAt(operand, columns)));
    case 'or':
      return anyAt(expression.of.map((operand) => truthAt(operand, columns)));
    case 'in':
      return membershipAt(expression.of, expression.values, columns);
    case 'not': {
      const of = truthAt(expression.of, columns);
      return (row) => 1 - of(row);
    }
    case 'isNull': {
      if (isText(expression.of, columns)) {
        const text = textOf(expression.of, columns);
        return (row) => (text(row) === null ? 1 : 0);
      }
      const value = numberAt(expression.of, columns);
      return (row) => (Number.isNaN(value(row)) ? 1 : 0);
    }
    case 'compare':
      return comparisonAt(expression.operator, expression.left, expression.right, columns);
    default: {
      const value = numberAt(expression, columns);
      return (row) => {
        const found = value(row);
        return Number.isNaN(found) ? UNKNOWN : Number(found !== 0);
      };
    }
  }
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

/** `x in (1, y)` is `x == 1 or x == y`; the constants of the list are one set, however many there are. */
function membershipAt(of: Expression, values: readonly Expression[], columns: Columns): NumberAt {
  const others = values.filter((value) => !isConstant(value));
  const isIn = constantsAt(of, values.filter(isConstant), columns);
  return others.length === 0 ? isIn : anyAt([isIn, ...others.map((value) => comparisonAt('==', of, value, columns))]);
}

function isConstant({ kind }: Expression): boolean {
  return kind === 'number' || kind === 'text' || kind === 'truth';
}

function constantsAt(of: Expression, constants: readonly Expression[], columns: Columns): NumberAt {
  const texts = constants.flatMap((constant) => (constant.kind === 'text' ? [constant.value] : []));
  const column = of.kind === 'field' ? columnOf(of.path, columns) : null;
  if (column?.kind === 'text') {
    const has = textSet(texts);
    return (row) => (column.nulls !== null && column.nulls[row] === 1 ? UNKNOWN : Number(has(column, row)));
  }
  if (of.kind === 'text' || texts.length > 0) {
    const text = textOf(of, columns);
    const known = new Set(texts);
    return (row) => {
      const value = text(row);
      return value === null ? UNKNOWN : Number(known.has(value));
    };
  }
  const value = numberAt(of, columns);
  const known = new Set(constants.map((constant) => ('value' in constant ? Number(constant.value) : Number.NaN)));
  return (row) => {
    const found = value(row);
    return Number.isNaN(found) ? UNKNOWN : Number(known.has(found));
  };
}

function comparisonAt(operator: Comparison, left: Expression, right: Expression, columns: Columns): NumberAt {
  const holds = ORDERS[operator];
  if (isText(left, columns) || isText(right, columns)) {
    const [a, b] = [textOf(left, columns), textOf(right, columns)];
    return (row) => {
      const [x, y] = [a(row), b(row)];
      if (x === null || y === null) return UNKNOWN;
      return Number(holds(x === y ? 0 : x < y ? -1 : 1));
    };
  }
  const [a, b] = [numberAt(left, columns), numberAt(right, columns)];
  return (row) => {
    const [x, y] = [a(row), b(row)];
    if (Number.isNaN(x) || Number.isNaN(y)) return UNKNOWN;
    return Number(holds(x === y ? 0 : x < y ? -1 : 1));
  };
}

/** Each comparison as a test of an order: −1, 0 or 1. */
const ORDERS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function isText(expression: Expression, columns: Columns): boolean {
  if (expression.kind === 'field') return columnOf(expression.path, columns).kind === 'text';
  return expression.kind === 'text';
}

/** Throws when the block lacks the field. */
export function columnOf(path: string, columns: Columns) {
  const column = columns.column(path);
  if (column === undefined) throw new Error(`An expression reads the field ${path}, which the events have not`);
  return column;
}

function textOf(expression: Expression, columns: Columns): TextAt {
  if (expression.kind === 'text') return () => expression.value;
  const column = expression.kind === 'field' ? columnOf(expression.path, columns) : null;
  // Values that are all null are a column of no type.
  if (column?.kind === 'number' && column.nulls !== null) return () => null;
  if (column?.kind !== 'text') throw new Error('A condition compares text with what is none');
  return (row) => (column.nulls !== null && column.nulls[row] === 1 ? null : textAt(column, row));
}

/** Binds a checked expression that is no text: NaN for null, truths as 0 and 1. Throws when the block lacks a field. */
export function numberAt(expression: Expression, columns: Columns): NumberAt {
  switch (expression.kind) {
    case 'number':
      return () => expression.value;
    case 'truth':
      return () => Number(expression.value);
    case 'field': {
      const column = columnOf(expression.path, columns);
      if (column.kind !== 'number') throw new Error(`A condition takes the field ${expression.path} for a number`);
      const { values, nulls } = column;
      return nulls === null ? (row) => values[row]! : (row) => (nulls[row] === 1 ? Number.NaN : values[row]!);
    }
    case 'minus': {
      const of = numberAt(expression.of, columns);
      return (row) => -of(row);
    }
    case 'compute':
      return computationAt(expression.first, expression.steps, columns);
    default: {
      const truth = truthAt(expression, columns);
      return (row) => {
        const value = truth(row);
        return value === UNKNOWN ? Number.NaN : value;
      };
    }
  }
}

/** More steps than this are not nested, since a stack has an end. */
const NESTED_STEPS = 16;

function computationAt(first: Expression, steps: readonly Computation[], columns: Columns): NumberAt {
  const start = numberAt(first, columns);
  const rest = steps.map(({ operator, operand }) => ({ operator, at: numberAt(operand, columns) }));
  if (rest.length <= NESTED_STEPS)
    return rest.reduce((before, { operator, at }) => stepAt(operator, before, at), start);
  let value = Number.NaN;
  const each = rest.map(({ operator, at }) => stepAt(operator, () => value, at));
  return (row) => {
    value = start(row);
    for (let i = 0; i < each.length; i++) value = each[i]!(row);
    return value;
  };
}

/** One function for each operator, so that V8 compiles each for itself. */
function stepAt(operator: string, a: NumberAt, b: NumberAt): NumberAt {
  switch (operator) {
    case '+':
      return (row) => finiteOrNull(a(row) + b(row));
    case '-':
      return (row) => finiteOrNull(a(row) - b(row));
    case '*':
      return (row) => finiteOrNull(a(row) * b(row));
    case '/':
      return (row) => finiteOrNull(a(row) / b(row));
    case '%':
      return (row) => finiteOrNull(a(row) % b(row));
    default:
      throw new Error(`There is no operator ${operator}`);
  }
}

/** A number that is not finite, minus itself, is NaN. */
function finiteOrNull(value: number): number {
  return value - value === 0 ? value : Number.NaN;
}
