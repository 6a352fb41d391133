/** JSON as functions read it, beside DuckDB on random texts and paths. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argument, fixed, SMALL, VARCHAR_TYPE } from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

const NUMBERS = [
  '1.10',
  '1e5',
  '1E-7',
  '-0',
  '-0.0',
  '123456789.123456789',
  '100000000000000000000.5',
  '18446744073709551615',
  '18446744073709551616',
];
const MORE = [
  '-9223372036854775809',
  '1e22',
  '1e21',
  '1e15',
  '1E400',
  'NaN',
  '-inf',
  '"\\u00e9\\/\\u0001\\u001f\\t\\ud83d\\ude00"',
  '"\\ud800"',
  '01',
];
const DOCUMENT =
  '{"a":{"b":[1,[2,3]]},"c d":8,"":9,"é":10,"dup":1,"dup":2,"x~y":1,"x/y":2,"1":5,"a-b":3,"n":null,"s":"x\\ny"}';
const ODD = [
  '[1,]',
  '[,]',
  '{"a":1,}',
  '+1',
  '.5',
  '1.',
  '"\\x"',
  'tRue',
  '"a\tb"',
  '',
  '1 2',
  ' [ 1 , "x" ] ',
  '{"a":{}}',
];

const JSON_TEXT = argument(
  VARCHAR_TYPE,
  fc.oneof(
    fc.json({ maxDepth: 2 }).filter((text) => !/\\u|\ufeff|\0/.test(text) && JSON.parse(text) !== undefined),
    fc.constantFrom(DOCUMENT, ...NUMBERS, ...MORE, ...ODD),
    fc.array(fc.constantFrom(...NUMBERS), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
  ),
);
const PATHS = [
  '$',
  '$.a',
  '$.a.b[1][0]',
  '$.a.b[-1]',
  '$.a.b[#-2]',
  '$.c d',
  '$."c d"',
  'c d',
  '$.é',
  '$.dup',
  '$.n',
  '$.s',
  '/a/b/1/1',
  '/x~0y',
  '$.*',
  '$.a.b[*]',
  '$.*.b[*][0]',
  '$[*]',
  '$."*"',
];
const OTHERS = ['/x~1y', 'x/y', '$.a-b', '/1', '1', '$[0]', '$[1]', '/0', '/01', '$.A', '', '$[0][0]', '/'];
const DOCUMENTS = argument(VARCHAR_TYPE, fc.constantFrom(DOCUMENT, '[1,2]', '[[7]]', '5', '{"a":[]}', 'x'));

test('JSON is read by paths as in DuckDB', async () => {
  const found = [
    'json_extract',
    'json_extract_string',
    'json_value',
    'json_exists',
    'json_type',
    'json_array_length',
    'json_keys',
  ];
  const all = [
    ...[...PATHS, ...OTHERS].map(fixed).flatMap((path) => found.map((name) => calls(name, DOCUMENTS, path))),
    ...['json_valid', 'json_type', 'json_array_length', 'json_keys', 'json'].map((name) => calls(name, JSON_TEXT)),
    ...['json_extract', 'json_extract_string', 'json_value'].map((name) => calls(name, JSON_TEXT, fixed('$'))),
    ...['json_extract', 'json_extract_string'].map((name) => calls(name, JSON_TEXT, SMALL)),
  ];
  expect(await differences(all, 30)).toEqual([]);
});
