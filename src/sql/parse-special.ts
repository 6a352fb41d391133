/** Calls whose arguments have words between them: EXTRACT(YEAR FROM t), POSITION(a IN b), SUBSTRING(a FROM 1 FOR 2), TRIM. */
import type { Cursor } from './cursor.ts';
import { callOf, type Expression } from './expression.ts';

type Inner = (cursor: Cursor, isTight?: boolean) => Expression;

const READERS: Readonly<Record<string, (cursor: Cursor, inner: Inner, at: number) => Expression>> = {
  extract(cursor, inner, at) {
    const { text, at: partAt } = cursor.take();
    const part: Expression = { kind: 'literal', type: { kind: 'varchar' }, value: text.toLowerCase(), at: partAt };
    cursor.expect('from');
    return callOf('date_part', [part, inner(cursor)], at);
  },
  position(cursor, inner, at) {
    const part = inner(cursor, true);
    cursor.expect('in');
    return callOf('position', [inner(cursor), part], at);
  },
  substring(cursor, inner, at) {
    const args = [inner(cursor)];
    if (cursor.accept('from')) {
      args.push(inner(cursor));
      if (cursor.accept('for')) args.push(inner(cursor));
    } else while (cursor.accept(',')) args.push(inner(cursor));
    return callOf('substring', args, at);
  },
  trim(cursor, inner, at) {
    let name = 'trim';
    for (const [word, side] of [
      ['both', 'trim'],
      ['leading', 'ltrim'],
      ['trailing', 'rtrim'],
    ] as const) {
      // A field may be called so.
      if (cursor.is(word) && !cursor.is(')', 1) && !cursor.is(',', 1)) {
        cursor.take();
        name = side;
      }
    }
    if (cursor.accept('from')) return callOf(name, [inner(cursor)], at);
    const first = inner(cursor);
    if (cursor.accept('from')) return callOf(name, [inner(cursor), first], at);
    return callOf(name, cursor.accept(',') ? [first, inner(cursor)] : [first], at);
  },
};

export function isSpecialCall(name: string): boolean {
  return Object.hasOwn(READERS, name);
}

/** At the function's name. */
export function specialCall(cursor: Cursor, inner: Inner): Expression {
  const { text, at } = cursor.take();
  cursor.expect('(');
  const call = READERS[text.toLowerCase()]!(cursor, inner, at);
  cursor.expect(')');
  return call;
}
