/** Arithmetic and concatenation, once their operands are checked. */
import { Buffer } from 'node:buffer';
import { arithmeticOf } from './arithmetic.ts';
import { type Checked, type CheckedStep, callOf, constantOf } from './checked.ts';
import { coerced, named, unzoned } from './coerce.ts';
import { commonType, widening } from './common-type.ts';
import { ExpressionError } from './expression-error.ts';
import { isList } from './kinds.ts';
import type { SqlType } from './type.ts';
import type { SqlValue } from './value.ts';

export interface Operand {
  readonly operator: string;
  readonly at: number;
  readonly operand: Checked;
}

/** From left to right. Throws an ExpressionError when an operator does not take its operands. */
export function computed(first: Checked, operands: readonly Operand[], at: number): Checked {
  let value: Checked = first;
  for (let i = 0; i < operands.length; ) {
    const upTo = runFrom(operands, i);
    const run = operands.slice(i, upTo);
    value = run[0]?.operator === '||' ? concatenated(value, run, at) : arithmetic(value, run, at);
    i = upTo;
  }
  return value;
}

/** Where operands end that are all put together, or all computed with. */
function runFrom(operands: readonly Operand[], from: number): number {
  let to = from + 1;
  while (to < operands.length && (operands[to]?.operator === '||') === (operands[from]?.operator === '||')) to += 1;
  return to;
}

/** A time with a zone is computed with as the instant that it is. */
function arithmetic(first: Checked, operands: readonly Operand[], at: number): Checked {
  const all = [first, ...operands.map(({ operand }) => operand)];
  if (!all.some(({ type }) => type.kind === 'timestamptz')) return ofNumbers(first, operands, at);
  const own = operands.map((each) => ({ ...each, operand: unzoned(each.operand) }));
  const result = ofNumbers(unzoned(first), own, at);
  return result.type.kind === 'timestamp' ? coerced(result, { kind: 'timestamptz' }) : result;
}

function ofNumbers(first: Checked, operands: readonly Operand[], at: number): Checked {
  const steps: CheckedStep[] = [];
  let [start, type] = [first, first.type];
  for (const { operator, at: stepAt, operand } of operands) {
    let right = operand;
    if (steps.length === 0) [start, right] = settled(start, operand);
    else [, right] = settled({ ...operand, kind: 'constant', type, value: 0 }, operand);
    if (steps.length === 0) type = start.type;
    const found = arithmeticOf(operator, type, right.type);
    if (found === null) throw wrongOperands(operator, type, right, stepAt, first);
    const from = found.left;
    steps.push({
      at: stepAt,
      arithmetic: found.arithmetic,
      from,
      operand: coerced(right, found.right),
      type: found.result,
    });
    type = found.result;
  }
  return { kind: 'compute', first: start, steps, type, at };
}

/** NULL, and a text that is written in the expression, take the type of the other side. */
function settled(left: Checked, right: Checked): [Checked, Checked] {
  if (isUntyped(left) && isUntyped(right)) return [coercedToNumber(left), coercedToNumber(right)];
  if (isUntyped(left)) return [coerced(left, right.type), right];
  return isUntyped(right) ? [left, coerced(right, left.type)] : [left, right];
}

function isUntyped({ kind, type }: Checked): boolean {
  return type.kind === 'null' || (kind === 'constant' && type.kind === 'varchar');
}

function coercedToNumber(node: Checked): Checked {
  return node.type.kind === 'null' ? coerced(node, { kind: 'bigint' }) : node;
}

function wrongOperands(operator: string, type: SqlType, right: Checked, at: number, first: Checked): ExpressionError {
  const isNumber = ({ kind }: SqlType): boolean => ['bigint', 'double', 'decimal'].includes(kind);
  if (isNumber(type) && !isNumber(right.type)) {
    return new ExpressionError(`must be a number, and is ${named(right.type)}`, right.at);
  }
  if (isNumber(right.type) && !isNumber(type)) {
    return new ExpressionError(`must be a number, and is ${named(type)}`, first.at);
  }
  return new ExpressionError(`there is no ${operator} of ${named(type)} and ${named(right.type)}`, at);
}

export function negative(of: Checked, at: number): Checked {
  const { kind } = of.type;
  const step = (operator: string, first: Checked, operand: Checked): Checked => {
    const found = arithmeticOf(operator, first.type, operand.type);
    if (found === null) throw new ExpressionError(`must be a number, and is ${named(of.type)}`, of.at);
    const { arithmetic: own, left: from, right } = found;
    const steps = [{ at, arithmetic: own, from, operand: coerced(operand, right), type: of.type }];
    return { kind: 'compute', first, steps, type: of.type, at };
  };
  if (kind === 'decimal') return step('-', constantOf(of.type, { unscaled: 0n, scale: of.type.scale }, at), of);
  const number: SqlType = kind === 'interval' || kind === 'double' ? { kind: 'double' } : { kind: 'bigint' };
  return step('*', kind === 'null' ? coerced(of, number) : of, constantOf(number, -1, at));
}

function concatenated(first: Checked, operands: readonly Operand[], at: number): Checked {
  const all = [first, ...operands.map(({ operand }) => operand)];
  if (all.some(({ type }) => type.kind === 'list')) return joinedLists(all, at);
  if (all.every(({ type }) => type.kind === 'blob')) {
    return callOf('||', { kind: 'blob' }, all, (values) => Buffer.concat(values.filter(isBytes)), at);
  }
  return { kind: 'concat', type: { kind: 'varchar' }, of: all.map((node) => coerced(node, { kind: 'varchar' })), at };
}

function isBytes(value: SqlValue): value is Buffer {
  return value instanceof Uint8Array;
}

function joinedLists(all: readonly Checked[], at: number): Checked {
  const type = commonType(all.map((node) => node.type));
  const wrong = all.find((node) => node.type.kind !== 'list' && node.type.kind !== 'null');
  if (type === undefined || wrong !== undefined) {
    throw new ExpressionError('must be a list like the other side', wrong?.at ?? at);
  }
  const widen = all.map((node) => widening(node.type, type));
  return callOf('||', type, all, (values) => values.flatMap((value, i) => listOf(widen[i]!(value))), at);
}

function listOf(value: SqlValue): readonly SqlValue[] {
  return isList(value) ? value : [];
}
