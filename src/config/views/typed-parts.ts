/**
 * Values of types that windows have no keys and aggregates of, as those that they have: times and truths as numbers, and what
 * is grouped by as its text. Both give the value back exactly.
 */
import { callOf, type Expression } from '../../sql/expression.ts';
import type { SqlType } from '../../sql/type.ts';

export function isCoded({ kind }: SqlType): boolean {
  return kind === 'timestamp' || kind === 'timestamptz' || kind === 'date' || kind === 'boolean';
}

/** The value as a number: in microseconds, in days, or as 0 and 1. */
export function asNumber(value: Expression, { kind }: SqlType): Expression {
  const { at } = value;
  if (kind === 'boolean') return cast(value, { kind: 'bigint' });
  if (kind === 'timestamp' || kind === 'timestamptz') return callOf('epoch_us', [value], at);
  return callOf('date_diff', [{ kind: 'literal', type: { kind: 'varchar' }, value: 'day', at }, EPOCH, value], at);
}

/** The value that such a number stands for. */
export function ofNumber(number: Expression, type: SqlType): Expression {
  if (type.kind === 'boolean') return cast(number, type);
  const time = callOf(type.kind === 'date' ? 'make_date' : 'make_timestamp', [number], number.at);
  return type.kind === 'timestamptz' ? cast(time, type) : time;
}

/** The values that a list of such numbers stands for. */
export function ofNumbersIn(numbers: Expression, type: SqlType): Expression {
  const { at } = numbers;
  const number: Expression = { kind: 'column', names: ['number'], isQuoted: false, at };
  const body = ofNumber(number, type);
  return callOf('list_transform', [numbers, { kind: 'lambda', params: ['number'], body, at }], at);
}

const EPOCH: Expression = { kind: 'literal', type: { kind: 'date' }, value: 0, at: 1 };

/** Whether a key of one value has to be made of its text again. */
export function isTextAlone(key: Expression, { kind }: SqlType): boolean {
  return kind === 'boolean' || (kind === 'bigint' && key.kind !== 'column');
}

export function cast(of: Expression, type: SqlType): Expression {
  return { kind: 'cast', of, to: { type }, isTry: false, at: of.at };
}
