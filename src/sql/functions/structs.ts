/** Structs and maps: their parts by name or key. */
import type { SqlFunction } from '../function.ts';
import { MAP, nullable, STRUCT, VARCHAR } from '../kinds.ts';
import { of1, of2, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';

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
];

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
