/** A key value as the text that tells it from all other values. */
import type { Expression } from './expression.ts';
import type { SqlType } from './type.ts';

/** What is no text, whole number or truth, and whose text tells its values apart. */
export function isKeyByText({ kind }: SqlType): boolean {
  return ['timestamp', 'timestamptz', 'date', 'decimal', 'double'].includes(kind);
}

/** 0 and -0 are one value. */
export function keyAsText(key: Expression, { kind }: SqlType): Expression {
  const { at } = key;
  const zero: Expression = { kind: 'literal', type: { kind: 'double' }, value: 0, at };
  const of: Expression =
    kind === 'double' ? { kind: 'compute', first: key, steps: [{ operator: '+', operand: zero, at }], at } : key;
  return { kind: 'cast', of, to: { type: { kind: 'varchar' } }, isTry: false, at };
}
