/**
 * Functions that users wrote. Beside the texts of its expressions, each section has the functions that the texts call,
 * as plain data. So a derivation names the modules that its events were derived by, and a derivation without such
 * functions is written as before.
 */
import type { SqlFunction } from './function.ts';
import { FUNCTIONS, type FunctionTable, functionTable } from './functions.ts';

export interface UserFunction {
  readonly name: string;
  /** Path of the module. */
  readonly module: string;
  readonly export: string;
  /** Of the module's text, and of all that it imports by relative paths. */
  readonly sha256: string;
  /** Types as SQL writes them. */
  readonly args: readonly string[];
  readonly returns: string;
}

type Load = (own: UserFunction) => SqlFunction;

let load: Load = ({ name }) => {
  throw new Error(`Nothing in this thread loads the function ${name}`);
};

/** Each thread that compiles expressions says once how the modules of functions are loaded: this room reads no files. */
export function loadUserFunctionsBy(own: Load): void {
  load = own;
}

/** The table of functions, and these. Throws what the loader throws. */
export function functionsWith(own: readonly UserFunction[]): FunctionTable {
  if (own.length === 0) return FUNCTIONS;
  const users = functionTable([own.map(load)]);
  return {
    named: (name) => users.named(name) ?? FUNCTIONS.named(name),
    nearest: (name) => users.nearest(name) ?? FUNCTIONS.nearest(name),
  };
}

/** Whether plain data, such as what an operator is made of, names any, wherever in it. */
export function namesFunctions(plain: unknown): boolean {
  if (typeof plain !== 'object' || plain === null) return false;
  if ('functions' in plain && Array.isArray(plain.functions)) {
    if (plain.functions.some((each) => typeof each === 'object' && each !== null && 'sha256' in each)) return true;
  }
  return Object.values(plain).some(namesFunctions);
}

/** Beside texts, those of the functions that they name. A name that stands for something else in a text counts too. */
export function functionsIn(
  texts: readonly string[],
  all: readonly UserFunction[],
): { readonly functions?: readonly UserFunction[] } {
  const functions = all.filter(({ name }) => texts.some((text) => new RegExp(`\\b${name}\\b`, 'i').test(text)));
  return functions.length === 0 ? {} : { functions };
}
