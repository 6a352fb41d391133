/** Names that a user's function may have: those that SQL reads as a call, and that no function has yet. */
import { ExpressionError } from './expression-error.ts';
import { FUNCTIONS } from './functions.ts';
import { parseExpression } from './parse.ts';

/** Null for a name that can be taken. */
export function functionNameFault(name: string, aggregates: readonly string[]): string | null {
  if (!/^[a-z_][a-z0-9_]{0,99}$/.test(name)) {
    return 'a function has small letters, digits and underscore in its name, and begins with no digit';
  }
  if (FUNCTIONS.named(name) !== undefined) return 'is a function of SQL; choose another name';
  if (aggregates.includes(name)) return 'is an aggregate; choose another name';
  return isCall(name) ? null : 'is a word of SQL; choose another name';
}

function isCall(name: string): boolean {
  try {
    const parsed = parseExpression(`${name}(1, 2)`);
    return parsed.kind === 'call' && parsed.name === name;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}
