/** How values of different types come together: what DuckDB casts by itself. */
import { castOf } from './cast.ts';
import { type Checked, constantOf } from './checked.ts';
import { commonType } from './common-type.ts';
import type { CastTarget } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { type SqlType, typeText } from './type.ts';
import { SqlError } from './value.ts';

function isSameType(a: SqlType, b: SqlType): boolean {
  return a.kind === b.kind && typeText(a) === typeText(b);
}

/** As messages name a type. */
export function named(type: SqlType): string {
  return type.kind === 'null' ? 'NULL' : typeText(type);
}

/** A text that was written as such takes the type of what it meets. */
function isTextLiteral(node: Checked): boolean {
  return node.kind === 'constant' && node.type.kind === 'varchar';
}

/** The node as a value of the type. Throws an ExpressionError when no value of its own type can be one. */
export function cast(of: Checked, to: CastTarget, isTry: boolean, at: number): Checked {
  const convert = castOf(of.type, to);
  if (convert === null) throw new ExpressionError(`${named(of.type)} can't be cast to ${named(to.type)}`, at);
  if (of.kind !== 'constant') return { kind: 'cast', type: to.type, of, to, isTry, at };
  if (of.value === null) return constantOf(to.type, null, at);
  try {
    return constantOf(to.type, convert(of.value), at);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (isTry) return constantOf(to.type, null, at);
    throw new ExpressionError(error.message, at);
  }
}

/** A time with a zone as the TIMESTAMP in UTC that it is; all else as it is. */
export function unzoned(node: Checked): Checked {
  return node.type.kind === 'timestamptz' ? coerced(node, { kind: 'timestamp' }) : node;
}

export function coerced(node: Checked, type: SqlType): Checked {
  return isSameType(node.type, type) ? node : cast(node, { type }, false, node.at);
}

/**
 * The type that all have together. Texts that are written in the expression are read as what stands beside them. Throws an
 * ExpressionError at the first that does not fit to those before it; `verb` says what they should do together.
 */
export function commonTypeOf(nodes: readonly Checked[], verb: string): SqlType {
  const typed = nodes.filter((node) => !isTextLiteral(node));
  if (typed.every(({ type }) => type.kind === 'null') && typed.length < nodes.length) return { kind: 'varchar' };
  let common: SqlType = { kind: 'null' };
  for (const { type, at } of typed) {
    const next: SqlType | undefined = commonType([common, type]) ?? timeOfText(common, type);
    if (next === undefined) {
      throw new ExpressionError(`${named(common)} and ${named(type)} can't ${verb}; CAST one of them`, at);
    }
    common = next;
  }
  return common;
}

/** A column of texts is read as dates or times beside one of these. */
function timeOfText(a: SqlType, b: SqlType): SqlType | undefined {
  const isTime = ({ kind }: SqlType): boolean => ['date', 'timestamp', 'timestamptz'].includes(kind);
  if (a.kind === 'varchar' && isTime(b)) return b;
  return b.kind === 'varchar' && isTime(a) ? a : undefined;
}

/** All of them as values of their common type. */
export function unified(nodes: readonly Checked[], verb: string): Checked[] {
  const type = commonTypeOf(nodes, verb);
  return nodes.map((node) => coerced(node, type));
}
