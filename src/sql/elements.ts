/** The elements of lists as functions take them: their common type, whether two are equal, and their keys in sets. */
import { commonType, widening } from './common-type.ts';
import { isList, typesText } from './kinds.ts';
import { nullsLast, orderOf } from './order.ts';
import type { SqlType } from './type.ts';
import type { SqlValue } from './value.ts';
import { textOf } from './value-text.ts';

type Outcome = SqlType | { readonly wrong: string };

const NULL_TYPE: SqlType = { kind: 'null' };

export function firstType([type = NULL_TYPE]: readonly SqlType[]): SqlType {
  return type;
}

export function elementType([type = NULL_TYPE]: readonly SqlType[]): SqlType {
  return type.kind === 'list' ? type.of : NULL_TYPE;
}

/** Of a list of lists, the lists. */
export function elementOfFirst(types: readonly SqlType[]): SqlType {
  const of = elementType(types);
  return of.kind === 'null' ? { kind: 'list', of } : of;
}

export function isListOrNull({ kind }: SqlType): boolean {
  return kind === 'list' || kind === 'null';
}

export function valueType(types: readonly SqlType[]): Outcome {
  const of = commonType(types);
  return of === undefined
    ? { wrong: `the elements of a list are of one type, not of ${typesText(types)}` }
    : { kind: 'list', of };
}

export function concatType(types: readonly SqlType[]): Outcome {
  return commonType(types) ?? { wrong: `the lists have elements of one type, not ${typesText(types)}` };
}

/** For a list and an element: the result's type, where both go together. */
export function elementTyped(name: string, result: SqlType): (types: readonly SqlType[]) => Outcome {
  return ([list = NULL_TYPE, element = NULL_TYPE]) => {
    const isOne = commonType([elementType([list]), element]) !== undefined;
    return isOne
      ? result
      : { wrong: `${name} takes an element of the list's type, not (${typesText([list, element])})` };
  };
}

/** For a list and an element: the list with both. */
export function grownType(name: string): (types: readonly SqlType[]) => Outcome {
  return ([list = NULL_TYPE, element = NULL_TYPE]) => {
    const of = commonType([elementType([list]), element]);
    if (of !== undefined) return { kind: 'list', of };
    return { wrong: `${name} takes an element of the list's type, not (${typesText([list, element])})` };
  };
}

interface Elements {
  readonly element: (value: SqlValue) => SqlValue;
  readonly listAs: (list: SqlValue) => readonly SqlValue[];
  /** A null is the same as a null. */
  readonly same: (a: SqlValue, b: SqlValue) => boolean;
}

/** Of a list and an element, as the type that both have together. */
export function elementsOf([list = NULL_TYPE, element = NULL_TYPE]: readonly SqlType[]): Elements {
  const of = commonType([elementType([list]), element]) ?? NULL_TYPE;
  const widenList = widening(list, { kind: 'list', of });
  const order = nullsLast(orderOf(of));
  return {
    element: widening(element, of),
    listAs: (value) => listFrom(widenList(value)),
    same: (a, b) => order(a, b) === 0,
  };
}

/** Binds `contains` for a list and an element. */
export function containsOf(types: readonly SqlType[]): (args: readonly SqlValue[]) => SqlValue {
  const { element, same, listAs } = elementsOf(types);
  return ([list = null, value = null]) => {
    const own = element(value);
    return listAs(list).some((each) => same(each, own));
  };
}

export function listFrom(value: SqlValue): readonly SqlValue[] {
  return isList(value) ? value : [];
}

/** The same for equal values of the type. */
export function keyOf(type: SqlType): (value: SqlValue) => unknown {
  switch (type.kind) {
    case 'boolean':
    case 'bigint':
    case 'double':
    case 'varchar':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'null':
      return (value) => value;
    default: {
      const write = textOf(type);
      return (value) => (value === null ? null : write(value));
    }
  }
}

/** Each once, in the order in which they first come, without nulls. */
export function distinct(values: readonly SqlValue[], key: (value: SqlValue) => unknown): SqlValue[] {
  const found = new Map<unknown, SqlValue>();
  for (const value of values) {
    const own = key(value);
    if (value !== null && !found.has(own)) found.set(own, value);
  }
  return [...found.values()];
}
