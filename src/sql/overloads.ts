/** Makes functions of forms: each form says which arguments it takes, and the first that takes them all is called. */
import type { SqlFunction } from './function.ts';
import { type Kind, typesText } from './kinds.ts';
import type { SqlType } from './type.ts';
import { exactInteger, type SqlValue } from './value.ts';

type Call = (args: readonly SqlValue[]) => SqlValue;
type Constants = readonly (SqlValue | undefined)[];
type Outcome = SqlType | { readonly wrong: string };
type ResultOf = SqlType | ((types: readonly SqlType[], constants: Constants) => Outcome);

interface Form {
  /** "(VARCHAR, BIGINT)". */
  readonly text: string;
  takes(types: readonly SqlType[]): boolean;
  result(types: readonly SqlType[], constants: Constants): Outcome;
  bind(types: readonly SqlType[], constants: Constants): Call;
}

type Described = Pick<SqlFunction, 'name' | 'aliases' | 'summary' | 'example' | 'differs' | 'seesNulls' | 'numeric'>;

export const T_BOOLEAN: SqlType = { kind: 'boolean' };
export const T_BIGINT: SqlType = { kind: 'bigint' };
export const T_DOUBLE: SqlType = { kind: 'double' };
export const T_VARCHAR: SqlType = { kind: 'varchar' };
export const T_BLOB: SqlType = { kind: 'blob' };
export const T_DATE: SqlType = { kind: 'date' };
export const T_TIMESTAMP: SqlType = { kind: 'timestamp' };
export const T_TIMESTAMPTZ: SqlType = { kind: 'timestamptz' };
export const T_INTERVAL: SqlType = { kind: 'interval' };

export function scalar(described: Described, ...forms: readonly Form[]): SqlFunction {
  const { name } = described;
  const formOf = (types: readonly SqlType[]) => forms.find((form) => form.takes(types));
  const prepare = (constants: Constants, types: readonly SqlType[]): Call => {
    const form = formOf(types);
    if (form === undefined) throw new TypeError(`${name} has no form for (${typesText(types)})`);
    return form.bind(types, constants);
  };
  return {
    ...described,
    prepare,
    resultType(types, constants = []) {
      const form = formOf(types);
      if (form !== undefined) return form.result(types, constants);
      const known = forms.map((each) => `${name}${each.text}`).join(', ');
      return { wrong: `${name} does not take (${typesText(types)}); it is ${known}` };
    },
    call: (args, types) => prepare([], types)(args),
  };
}

export function of0(result: SqlType, call: () => SqlValue): Form {
  return form([], result, () => settled(result, call));
}

export function of1<A>(a: Kind<A>, result: ResultOf, call: (a: A) => SqlValue): Form {
  return form([a], result, (types) => {
    const [readA] = [reader(a, types, 0)];
    return (args) => call(readA(args[0]!));
  });
}

export function of2<A, B>(a: Kind<A>, b: Kind<B>, result: ResultOf, call: (a: A, b: B) => SqlValue): Form {
  return form([a, b], result, (types) => {
    const [readA, readB] = [reader(a, types, 0), reader(b, types, 1)];
    return (args) => call(readA(args[0]!), readB(args[1]!));
  });
}

export function of3<A, B, C>(
  a: Kind<A>,
  b: Kind<B>,
  c: Kind<C>,
  result: ResultOf,
  call: (a: A, b: B, c: C) => SqlValue,
): Form {
  return form([a, b, c], result, (types) => {
    const [readA, readB, readC] = [reader(a, types, 0), reader(b, types, 1), reader(c, types, 2)];
    return (args) => call(readA(args[0]!), readB(args[1]!), readC(args[2]!));
  });
}

/** A form whose call is made for its types and constants. */
export function ofTypes(
  kinds: readonly Kind<unknown>[],
  result: ResultOf,
  bind: (types: readonly SqlType[], constants: Constants) => Call,
): Form {
  return form(kinds, result, bind);
}

/** As `ofTypes`, with any number of arguments. */
export function ofAny(
  text: string,
  takes: (types: readonly SqlType[]) => boolean,
  result: ResultOf,
  bind: (types: readonly SqlType[], constants: Constants) => Call,
): Form {
  return { ...form([], result, bind), text, takes };
}

function form(kinds: readonly Kind<unknown>[], result: ResultOf, bind: Form['bind']): Form {
  const resultOf = typeof result === 'function' ? result : () => result;
  return {
    text: `(${kinds.map((kind) => kind.text).join(', ')})`,
    takes: (types) => types.length === kinds.length && kinds.every((kind, i) => kind.takes(types[i]!)),
    result: resultOf,
    bind(types, constants) {
      const type = resultOf(types, constants);
      const call = bind(types, constants);
      return 'wrong' in type ? call : settled(type, call);
    },
  };
}

function reader<T>(kind: Kind<T>, types: readonly SqlType[], i: number): (value: SqlValue) => T {
  return kind.reader(types[i] ?? { kind: 'null' });
}

/** Values as they are kept: no double that is not finite, and no BIGINT that is a bigint without need or -0. */
function settled(type: SqlType, call: Call): Call {
  switch (type.kind) {
    case 'double':
      return (args) => {
        const value = call(args);
        return typeof value === 'number' && value - value !== 0 ? null : value;
      };
    case 'bigint':
      return (args) => {
        const value = call(args);
        if (typeof value === 'bigint') return exactInteger(value);
        return typeof value === 'number' ? value + 0 : value;
      };
    default:
      return call;
  }
}

/**
 * What a text stands for, such as a regex, made once while the text stays the same. A text that is a constant is made ready
 * at once, so that a wrong one is a fault of the configuration.
 */
export function remembered<T>(make: (text: string) => T, constant: SqlValue | undefined): (text: string) => T {
  let last = typeof constant === 'string' ? { text: constant, made: make(constant) } : null;
  return (text) => {
    if (last === null || last.text !== text) last = { text, made: make(text) };
    return last.made;
  };
}
