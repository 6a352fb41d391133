/** JSON in texts: what is at a path, and what it is. */
import type { SqlFunction } from '../function.ts';
import { isOfSeveral, type JsonPath, jsonPath, jsonPaths, nodeAt, nodesAt } from '../json-path.ts';
import { type JsonNode, parseJson, writeJson } from '../json-tree.ts';
import { INTEGER, type Kind, listOf, VARCHAR } from '../kinds.ts';
import { of1, ofTypes, remembered, scalar, T_BIGINT, T_BOOLEAN, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { SqlError, type SqlValue } from '../value.ts';

const AS_TEXT = 'The result is a VARCHAR, as there is no type JSON.';
const PATHS = 'A path is `$.a[0]."b c"`, `/a/0` or one key; a constant one with `[*]` or `.*` gives a list of all.';

export const JSON_FUNCTIONS: readonly SqlFunction[] = [
  atPath(
    {
      name: 'json_extract',
      aliases: ['json_extract_path'],
      summary: `What is at a path, as JSON; of a list of paths a list. ${PATHS}`,
      example: `json_extract('{"a": [1, "x"]}', '$.a[1]') = '"x"'`,
      differs: AS_TEXT,
    },
    T_VARCHAR,
    writeJson,
    true,
  ),
  atPath(
    {
      name: 'json_extract_string',
      aliases: ['json_extract_path_text'],
      summary: 'What is at a path, as a text without quotes; null where it is null.',
      example: `json_extract_string('{"a": [1, "x"]}', '$.a[1]') = 'x'`,
    },
    T_VARCHAR,
    textOfNode,
    true,
  ),
  atPath(
    {
      name: 'json_value',
      summary: 'What is at a path, as JSON, where it is neither an object nor an array.',
      example: `json_value('{"a": 1}', '$.a') = '1'`,
    },
    T_VARCHAR,
    (node) => (node.kind === 'object' || node.kind === 'array' || node.kind === 'null' ? null : writeJson(node)),
    true,
  ),
  atPath(
    {
      name: 'json_type',
      summary: 'OBJECT, ARRAY, VARCHAR, UBIGINT, BIGINT, DOUBLE, BOOLEAN or NULL: of the whole, or at a path.',
      example: `json_type('{"a": 1}', '$.a') = 'UBIGINT'`,
    },
    T_VARCHAR,
    typeOfNode,
    false,
  ),
  atPath(
    {
      name: 'json_array_length',
      summary: 'How many elements an array has, 0 of what is none: of the whole, or at a path.',
      example: `json_array_length('[1, 2]') = 2`,
    },
    T_BIGINT,
    (node) => (node.kind === 'array' ? node.items.length : 0),
    false,
  ),
  atPath(
    {
      name: 'json_keys',
      summary: 'The keys of an object, in their order: of the whole, or at a path.',
      example: `json_keys('{"a": 1, "b": 2}') = ['a', 'b']`,
    },
    { kind: 'list', of: T_VARCHAR },
    (node) => (node.kind === 'object' ? node.entries.map(([key]) => key) : []),
    false,
  ),
  scalar(
    {
      name: 'json_exists',
      summary: 'Whether there is something at a path.',
      example: `json_exists('{"a": null}', '$.a') = true`,
    },
    pathForm(VARCHAR, T_BOOLEAN, (node) => node !== undefined),
  ),
  scalar(
    { name: 'json_valid', summary: 'Whether a text is JSON.', example: "json_valid('{') = false" },
    of1(VARCHAR, T_BOOLEAN, (text) => parseJson(text) !== null),
  ),
  scalar(
    {
      name: 'json',
      summary: 'JSON without the spaces in it; another text is a fault.',
      example: `json('[1, 2 ]') = '[1,2]'`,
      differs: 'The result is a VARCHAR, as there is no type JSON.',
    },
    of1(VARCHAR, T_VARCHAR, (text) => writeJson(parsed(text))),
  ),
];

type Described = Parameters<typeof scalar>[0];

/** With a path, with a list of paths, and with a place or without a path. */
function atPath(
  described: Described,
  result: SqlType,
  of: (node: JsonNode) => SqlValue,
  takesPlace: boolean,
): SqlFunction {
  const find = (node: JsonNode | undefined): SqlValue => (node === undefined ? null : of(node));
  return scalar(
    described,
    ...(takesPlace ? [pathForm(INTEGER, result, find)] : [of1(VARCHAR, result, (text) => of(parsed(text)))]),
    pathForm(VARCHAR, result, find),
    ofTypes([VARCHAR, listOf(VARCHAR)], { kind: 'list', of: result }, (types) => {
      const read = listOf(VARCHAR).reader(types[1]!);
      const paths = new Map<string, JsonPath>();
      return ([text = null, list = null]) => {
        const root = parsed(String(text));
        return read(list).map((path) => (path === null ? null : find(nodeAt(root, pathNamed(paths, path)))));
      };
    }),
  );
}

function pathNamed(paths: Map<string, JsonPath>, text: string): JsonPath {
  const known = paths.get(text);
  if (known !== undefined) return known;
  const made = jsonPath(text);
  if (paths.size < 1000) paths.set(text, made);
  return made;
}

function pathForm(kind: Kind<string> | Kind<number>, result: SqlType, of: (node: JsonNode | undefined) => SqlValue) {
  const several = (constant: SqlValue | undefined): JsonPath | null => {
    const path = typeof constant === 'string' ? jsonPaths(constant) : [];
    return isOfSeveral(path) ? path : null;
  };
  const resultOf = (_types: readonly SqlType[], [, constant]: readonly (SqlValue | undefined)[]): SqlType =>
    several(constant) === null ? result : { kind: 'list', of: result };
  return ofTypes([VARCHAR, kind], resultOf, (_types, [, constant]) => {
    const every = several(constant);
    if (every !== null) return ([text = null]) => nodesAt(parsed(String(text)), every).map(of);
    const pathOf = remembered(jsonPath, constant);
    return ([text = null, path = null]) => {
      const steps = typeof path === 'string' ? pathOf(path) : [{ place: Number(path) }];
      return of(nodeAt(parsed(String(text)), steps));
    };
  });
}

function parsed(text: string): JsonNode {
  const node = parseJson(text);
  if (node === null) throw new SqlError(`${JSON.stringify(text.slice(0, 100))} is no JSON`);
  return node;
}

function textOfNode(node: JsonNode): string | null {
  if (node.kind === 'null') return null;
  return node.kind === 'string' ? node.value : writeJson(node);
}

function typeOfNode(node: JsonNode): string {
  if (node.kind === 'number') return node.type;
  return node.kind === 'string' ? 'VARCHAR' : node.kind.toUpperCase();
}
