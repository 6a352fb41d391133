/**
 * Values of types that windows have no keys and aggregates of, as those that they have: times as numbers, and what is
 * grouped by as its text. Both give the value back exactly.
 */
import { callOf, type Expression } from '../../sql/expression.ts';
import type { SqlType } from '../../sql/type.ts';

export function isTime({ kind }: SqlType): boolean {
  return kind === 'timestamp' || kind === 'date';
}

/** In microseconds, or in days. */
export function timeAsNumber(time: Expression, { kind }: SqlType): Expression {
  const { at } = time;
  if (kind === 'timestamp') return callOf('epoch_us', [time], at);
  return callOf('date_diff', [{ kind: 'literal', type: { kind: 'varchar' }, value: 'day', at }, EPOCH, time], at);
}

/** Of such a number. */
export function timeOf(number: Expression, { kind }: SqlType): Expression {
  return callOf(kind === 'timestamp' ? 'make_timestamp' : 'make_date', [number], number.at);
}

const EPOCH: Expression = { kind: 'literal', type: { kind: 'date' }, value: 0, at: 1 };

/** What is no text, whole number or truth, and whose text tells its values apart. */
export function isKeyByText({ kind }: SqlType): boolean {
  return kind === 'timestamp' || kind === 'date' || kind === 'decimal' || kind === 'double';
}

/** Whether a key of one value has to be given back from its text. */
export function isTextAlone(key: Expression, { kind }: SqlType): boolean {
  return kind === 'boolean' || (kind === 'bigint' && key.kind !== 'column');
}

/** 0 and -0 are one value. */
export function keyAsText(key: Expression, { kind }: SqlType): Expression {
  const { at } = key;
  const zero: Expression = { kind: 'literal', type: { kind: 'double' }, value: 0, at };
  const of: Expression =
    kind === 'double' ? { kind: 'compute', first: key, steps: [{ operator: '+', operand: zero, at }], at } : key;
  return cast(of, { kind: 'varchar' });
}

export function cast(of: Expression, type: SqlType): Expression {
  return { kind: 'cast', of, to: { type }, isTry: false, at: of.at };
}
