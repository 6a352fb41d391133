/**
 * Calls of users' functions in this thread: the partition that makes them, and the calls that did not return before. A
 * call is recognised by its function and its arguments, because its result depends on these alone. A call counts as cut
 * off within one commit only, and that commit notes it: so the replay of a commit does not depend on the commits before
 * it.
 */
import type { CallCutOff } from '../messages/streams.ts';

const NONE: ReadonlyMap<number, string> = new Map();

export const functionCalls = { stream: '', partition: 0, cutOff: NONE };

/** The calls that follow are of a commit of this partition. Those of operators are among the cut-offs, and are none of these. */
export function beginCalls(stream: string, partition: number, cutOffs: readonly CallCutOff[]): void {
  functionCalls.stream = stream;
  functionCalls.partition = partition;
  const own = cutOffs.filter(({ operator }) => operator.endsWith(BRACKETS));
  functionCalls.cutOff = own.length === 0 ? NONE : new Map(own.map(({ given, error }) => [given, error]));
}

/** No operator is called so. */
const BRACKETS = '()';

export function calledAs(name: string): string {
  return name + BRACKETS;
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** A number of 53 bits by which a call is known: two lanes of FNV-1a (Fowler, Noll and Vo) with offsets of their own. */
export function callHash(name: string, values: readonly unknown[]): number {
  let [a, b] = textInto(name, 0x811c9dc5, 0x9e3779b9);
  for (const value of values) {
    if (typeof value === 'number') {
      double[0] = value;
      for (const half of halves) {
        a = Math.imul(a ^ half, 0x01000193);
        b = Math.imul(b ^ half, 0x85ebca6b);
      }
    } else [a, b] = textInto(typeof value === 'string' ? value : plainText(value), a, b);
    // Where one ends and the next begins.
    a = Math.imul(a ^ 0x1f, 0x01000193);
    b = Math.imul(b ^ 0x1f, 0x85ebca6b);
  }
  // FNV leaves the high bits of a short text alike.
  a ^= a >>> 15;
  b ^= b >>> 15;
  return (a >>> 11) * 2 ** 32 + (b >>> 0);
}

function textInto(text: string, a: number, b: number): readonly [number, number] {
  let [one, other] = [a, b];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x85ebca6b);
  }
  return [one, other];
}

function plainText(value: unknown): string {
  return JSON.stringify(value instanceof Map ? [...value] : value, (_, own) =>
    typeof own === 'bigint' ? `${own}n` : own instanceof Map ? [...own] : own,
  );
}
