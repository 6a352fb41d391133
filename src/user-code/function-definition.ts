/** A user's function as its module exports it, checked: the types that it declares, and what is called. */
import { ExpressionError } from '../sql/expression-error.ts';
import { parseType } from '../sql/parse-type.ts';
import type { SqlType } from '../sql/type.ts';

export interface DefinedFunction {
  readonly args: readonly SqlType[];
  readonly returns: SqlType;
  readonly seesNulls: boolean;
  call(...args: readonly unknown[]): unknown;
}

/** A definition that can't be used. The message is for people. */
export class FunctionError extends Error {}

const PARTS: readonly string[] = ['args', 'returns', 'seesNulls', 'call'];

/** Throws a FunctionError. */
export function readFunction(exported: unknown): DefinedFunction {
  if (exported === undefined) throw new FunctionError('there is no such export');
  const spec = isMap(exported) && exported.millrace === 'function' ? exported.spec : null;
  if (!isMap(spec)) {
    throw new FunctionError('is no function of SQL: export defineFunction({ args, returns, call }) of millrace');
  }
  for (const part of Object.keys(spec)) {
    if (!PARTS.includes(part)) throw new FunctionError(`${part}: is no part of a function; known: ${PARTS.join(', ')}`);
  }
  const { args, returns, seesNulls = false, call } = spec;
  if (!Array.isArray(args)) throw new FunctionError("args: must be a list of types, such as ['BIGINT', 'VARCHAR']");
  if (typeof seesNulls !== 'boolean') throw new FunctionError('seesNulls: must be true or false');
  if (!isCallable(call)) throw new FunctionError('call: must be a function');
  return {
    args: args.map((arg, i) => typeOf(arg, `args[${i}]`)),
    returns: typeOf(returns, 'returns'),
    seesNulls,
    call,
  };
}

function typeOf(written: unknown, part: string): SqlType {
  if (typeof written !== 'string') throw new FunctionError(`${part}: must be a type, such as 'BIGINT'`);
  try {
    return parseType(written);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new FunctionError(`${part}: ${error.message}`);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCallable(value: unknown): value is DefinedFunction['call'] {
  return typeof value === 'function';
}
