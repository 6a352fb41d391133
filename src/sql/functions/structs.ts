/** Structs and maps: their parts by name or key. */
import type { SqlFunction } from '../function.ts';
import { isStruct, LIST, MAP, nullable, STRUCT, VARCHAR } from '../kinds.ts';
import { of1, of2, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { SqlError, type SqlValue } from '../value.ts';

export const STRUCTS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'struct_extract',
      summary: 'The field of a struct by its name, in any case; as `s.a`.',
      example: "struct_extract({'a': 1}, 'a') = 1",
    },
    ofTypes(
      [STRUCT, VARCHAR],
      ([type], [, name]) => {
        if (typeof name !== 'string') return { wrong: 'struct_extract takes the name of a field as a constant' };
        const found = fieldNamed(type!, name);
        return (
          found?.type ?? {
            wrong: `the struct has no field ${JSON.stringify(name)}; it has ${namesOf(type!).join(', ')}`,
          }
        );
      },
      ([type], [, name]) => {
        const read = STRUCT.reader(type!);
        const own = fieldNamed(type!, String(name))?.name ?? '';
        return ([struct = null]) => read(struct)[own] ?? null;
      },
    ),
  ),
  scalar(
    { name: 'struct_keys', summary: 'The names of the fields.', example: "struct_keys({'a': 1}) = ['a']" },
    ofTypes(
      [STRUCT],
      { kind: 'list', of: T_VARCHAR },
      ([type]) =>
        () =>
          namesOf(type!),
    ),
  ),
  scalar(
    {
      name: 'cardinality',
      summary: 'How many keys a map has.',
      example: "cardinality(MAP {'a': 1}) = 1",
    },
    of1(MAP, T_BIGINT, (map) => map.size),
  ),
  scalar(
    {
      name: 'map_extract',
      aliases: ['element_at'],
      summary: 'A list of the value of a key, empty where it is not.',
      example: "map_extract(MAP {'a': 1}, 'a') = [1]",
      seesNulls: true,
    },
    of2(
      nullable(MAP),
      nullable(VARCHAR),
      ([type]) => ({ kind: 'list', of: valuesOf(type!) }),
      (map, key) => {
        if (map === null) return null;
        const value = key === null ? undefined : map.get(key);
        return value === undefined ? [] : [value];
      },
    ),
  ),
  scalar(
    {
      name: 'map_extract_value',
      summary: 'The value of a key, null where it is not; as `m[key]`.',
      example: "map_extract_value(MAP {'a': 1}, 'a') = 1",
    },
    of2(
      MAP,
      VARCHAR,
      ([type]) => valuesOf(type!),
      (map, key) => map.get(key) ?? null,
    ),
  ),
  scalar(
    { name: 'map_contains', summary: 'Whether a map has a key.', example: "map_contains(MAP {'a': 1}, 'a') = true" },
    of2(MAP, VARCHAR, T_BOOLEAN, (map, key) => map.has(key)),
  ),
  scalar(
    { name: 'map_keys', summary: 'The keys, as a list.', example: "map_keys(MAP {'a': 1}) = ['a']" },
    of1(MAP, { kind: 'list', of: T_VARCHAR }, (map) => [...map.keys()]),
  ),
  scalar(
    { name: 'map_values', summary: 'The values, as a list.', example: "map_values(MAP {'a': 1}) = [1]" },
    of1(
      MAP,
      ([type]) => ({ kind: 'list', of: valuesOf(type!) }),
      (map) => [...map.values()],
    ),
  ),
  scalar(
    {
      name: 'map_entries',
      summary: 'Keys and values, as a list of structs.',
      example: "map_entries(MAP {'a': 1}) = [{'key': 'a', 'value': 1}]",
    },
    of1(
      MAP,
      ([type]) => ({
        kind: 'list',
        of: {
          kind: 'struct',
          fields: [
            { name: 'key', type: T_VARCHAR },
            { name: 'value', type: valuesOf(type!) },
          ],
        },
      }),
      (map) => [...map].map(([key, value]) => ({ key, value })),
    ),
  ),
  scalar(
    {
      name: 'map_from_entries',
      summary: 'The map of a list of structs of a key and a value. A key that is null, or comes twice, is a fault.',
      example: "map_from_entries([{'key': 'a', 'value': 1}]) = MAP {'a': 1}",
    },
    ofTypes(
      [LIST],
      ([type]) => mapOfEntries(type!),
      ([type]) => {
        const [read, of] = [LIST.reader(type!), type!.kind === 'list' ? type!.of : type!];
        const [key = '', value = ''] = namesOf(of);
        return ([list = null]) => {
          const map = new Map<string, SqlValue>();
          for (const entry of read(list)) {
            const own = isStruct(entry) ? entry : {};
            const name = own[key] ?? null;
            if (typeof name !== 'string') throw new SqlError('a key of a map is NULL');
            if (map.has(name)) throw new SqlError(`the key ${JSON.stringify(name)} comes twice in a map`);
            map.set(name, own[value] ?? null);
          }
          return map;
        };
      },
    ),
  ),
];

function mapOfEntries(type: SqlType): SqlType | { readonly wrong: string } {
  const of = type.kind === 'list' ? type.of : type;
  const [key, value, ...others] = of.kind === 'struct' ? of.fields : [];
  if (key?.type.kind !== 'varchar' || value === undefined || others.length > 0) {
    return { wrong: "map_from_entries takes a list of structs of a VARCHAR and a value: [{'key': 'a', 'value': 1}]" };
  }
  return { kind: 'map', values: value.type };
}

function fieldNamed(type: SqlType, name: string) {
  if (type.kind !== 'struct') return undefined;
  return (
    type.fields.find((field) => field.name === name) ??
    type.fields.find((field) => field.name.toLowerCase() === name.toLowerCase())
  );
}

function namesOf(type: SqlType): string[] {
  return type.kind === 'struct' ? type.fields.map(({ name }) => name) : [];
}

function valuesOf(type: SqlType): SqlType {
  return type.kind === 'map' ? type.values : { kind: 'null' };
}
