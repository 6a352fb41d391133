/** Lists, maps and structs: how they are made, and how one of their values is taken. */
import { type Checked, callOf, callOnNulls } from './checked.ts';
import { coerced, named, unified } from './coerce.ts';
import { ExpressionError } from './expression-error.ts';
import { isList, isStruct, text as textOf } from './kinds.ts';
import type { SqlType, StructField } from './type.ts';
import type { SqlValue } from './value.ts';

export function listOf(items: readonly Checked[], at: number): Checked {
  const all = unified(items, 'be in one list');
  const of: SqlType = all[0]?.type ?? { kind: 'null' };
  return callOnNulls('list_value', { kind: 'list', of }, all, (values) => [...values], at);
}

export function structOf(names: readonly string[], values: readonly Checked[], at: number): Checked {
  const fields = names.map((name, i): StructField => ({ name, type: values[i]!.type }));
  const call = (args: readonly SqlValue[]): SqlValue => Object.fromEntries(names.map((name, i) => [name, args[i]!]));
  return callOnNulls('struct_pack', { kind: 'struct', fields }, values, call, at);
}

export function mapOf(keys: readonly Checked[], values: readonly Checked[], at: number): Checked {
  const texts = keys.map((key) => {
    if (key.type.kind === 'varchar') return key;
    throw new ExpressionError(`a key of a map must be VARCHAR, and is ${named(key.type)}`, key.at);
  });
  const all = unified(values, 'be in one map');
  const type: SqlType = { kind: 'map', values: all[0]?.type ?? { kind: 'null' } };
  const call = (args: readonly SqlValue[]): SqlValue => {
    return new Map(texts.map((_, i) => [String(args[i]), args[texts.length + i]!]));
  };
  return callOnNulls('map', type, [...texts, ...all], call, at);
}

/** A field of a struct, by its exact name or else in any case. */
export function memberOf(of: Checked, name: string, at: number): Checked {
  const { type } = of;
  if (type.kind !== 'struct') {
    throw new ExpressionError(`there is no field ${name} in what is ${named(type)}`, at);
  }
  const field =
    type.fields.find((each) => each.name === name) ??
    type.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (field === undefined) {
    const known = type.fields.map((each) => each.name).join(', ');
    throw new ExpressionError(`there is no field ${name} in ${named(type)}; known: ${known}`, at);
  }
  return callOf('struct_extract', field.type, [of], ([value]) => valueNamed(value, field.name), at);
}

function valueNamed(value: SqlValue | undefined, name: string): SqlValue {
  return value !== undefined && isStruct(value) ? (value[name] ?? null) : null;
}

/** `l[1]`, `m['k']`, `s['f']`, `'text'[1]`; null where there is none. */
export function elementOf(of: Checked, index: Checked, at: number): Checked {
  const { type } = of;
  switch (type.kind) {
    case 'struct':
      if (index.kind !== 'constant' || typeof index.value !== 'string') {
        throw new ExpressionError("a struct's field is named by a text, as in s['name']", index.at);
      }
      return memberOf(of, index.value, index.at);
    case 'map': {
      const key = typed(index, { kind: 'varchar' });
      return callOf(
        'map_extract',
        type.values,
        [of, key],
        ([map, own]) => {
          return map instanceof Map ? (map.get(own) ?? null) : null;
        },
        at,
      );
    }
    case 'list':
      return callOf(
        'list_extract',
        type.of,
        [of, whole(index)],
        ([list, place]) => {
          return list !== undefined && isList(list) ? (list[placeIn(list.length, place)] ?? null) : null;
        },
        at,
      );
    case 'varchar':
      return callOf(
        'array_extract',
        type,
        [of, whole(index)],
        ([text, place]) => {
          const points = [...textOf(text ?? '')];
          return points[placeIn(points.length, place)] ?? '';
        },
        at,
      );
    default:
      throw new ExpressionError(`${named(type)} has no elements: it is no list, map, struct or text`, at);
  }
}

function whole(index: Checked): Checked {
  return typed(index, { kind: 'bigint' });
}

function typed(index: Checked, type: SqlType): Checked {
  if (index.type.kind === type.kind || index.type.kind === 'null') return coerced(index, type);
  throw new ExpressionError(`must be ${named(type)}, and is ${named(index.type)}`, index.at);
}

/** From 1, or from −1 backwards, to from 0. */
function placeIn(length: number, place: SqlValue | undefined): number {
  const number = Number(place);
  return number < 0 ? length + number : number - 1;
}

/** `l[2:3]`, both ends included; the part of a text likewise. */
export function sliceOf(of: Checked, from: Checked | null, to: Checked | null, at: number): Checked {
  const { type } = of;
  if (type.kind !== 'list' && type.kind !== 'varchar') {
    throw new ExpressionError(`${named(type)} has no parts: it is no list or text`, at);
  }
  const args = [of, ...[from, to].flatMap((end) => (end === null ? [] : whole(end)))];
  return callOf(
    'array_slice',
    type,
    args,
    ([value, ...ends]) => {
      const whole = isList(value ?? null) ? value : [...textOf(value ?? '')];
      if (!Array.isArray(whole)) return null;
      const first = from === null ? 0 : startOf(whole.length, ends[0]);
      const last = to === null ? whole.length : endOf(whole.length, ends[from === null ? 0 : 1]);
      const part = whole.slice(first, Math.max(first, last));
      return type.kind === 'list' ? part : part.join('');
    },
    at,
  );
}

function startOf(length: number, place: SqlValue | undefined): number {
  const number = Number(place);
  return Math.max(0, number < 0 ? length + number : number - 1);
}

function endOf(length: number, place: SqlValue | undefined): number {
  const number = Number(place);
  return Math.max(0, number < 0 ? length + number + 1 : number);
}
