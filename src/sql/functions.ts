/** The table of scalar functions. */
import { nearestWord } from '../nearest-word.ts';
import type { SqlFunction } from './function.ts';
import { CONCATENATION } from './functions/concatenation.ts';
import { CONDITIONALS } from './functions/conditionals.ts';
import { ENCODINGS } from './functions/encodings.ts';
import { JSON_FUNCTIONS } from './functions/json.ts';
import { LAMBDAS } from './functions/lambdas.ts';
import { LIST_AGGREGATES } from './functions/list-aggregate.ts';
import { LIST_SETS } from './functions/list-sets.ts';
import { LISTS } from './functions/lists.ts';
import { NUMBERS } from './functions/numbers.ts';
import { REGEXES } from './functions/regexes.ts';
import { ROUNDING } from './functions/rounding.ts';
import { SEARCHES } from './functions/searches.ts';
import { STRUCTS } from './functions/structs.ts';
import { TEXTS } from './functions/texts.ts';
import { TIME_MAKERS } from './functions/time-makers.ts';
import { TIMES } from './functions/times.ts';
import { ZONE_FUNCTIONS } from './functions/zones.ts';

/** Finds a function by its name or an alias, in any case. */
export interface FunctionTable {
  named(name: string): SqlFunction | undefined;
  /** The name that is nearest to one that is not in the table. */
  nearest(name: string): string | undefined;
}

/** Throws when two functions have one name. */
export function functionTable(groups: readonly (readonly SqlFunction[])[]): FunctionTable {
  const byName = new Map<string, SqlFunction>();
  for (const fn of groups.flat()) {
    for (const name of [fn.name, ...(fn.aliases ?? [])]) {
      if (byName.has(name)) throw new Error(`Two functions are called ${name}`);
      byName.set(name, fn);
    }
  }
  return {
    named: (name) => byName.get(name.toLowerCase()),
    nearest: (name) => nearestWord(name.toLowerCase(), [...byName.keys()]),
  };
}

export interface FunctionGroup {
  readonly title: string;
  readonly functions: readonly SqlFunction[];
}

/** A line for each group, as docs/sql.md has them. */
export const FUNCTION_GROUPS: readonly FunctionGroup[] = [
  { title: 'Numbers', functions: [...NUMBERS, ...ROUNDING] },
  { title: 'Conditions and types', functions: CONDITIONALS },
  { title: 'Texts', functions: [...TEXTS, ...CONCATENATION, ...SEARCHES] },
  { title: 'Regular expressions', functions: REGEXES },
  { title: 'Bytes and encodings', functions: ENCODINGS },
  { title: 'Times', functions: [...TIMES, ...TIME_MAKERS, ...ZONE_FUNCTIONS] },
  { title: 'JSON', functions: JSON_FUNCTIONS },
  { title: 'Lists', functions: [...LISTS, ...LIST_SETS, ...LIST_AGGREGATES, ...LAMBDAS] },
  { title: 'Structs and maps', functions: STRUCTS },
];

export const FUNCTIONS = functionTable(FUNCTION_GROUPS.map(({ functions }) => functions));
