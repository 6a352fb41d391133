import { expect, test } from 'vitest';
import { lsnText } from '../../src/postgres/pgoutput.ts';
import { jsonOf, textForms } from '../../src/postgres/text-json.ts';

/** Texts as PostgreSQL 15 writes them, and the JSON of them. */
test.each([
  ['number', '-12345678901234567890.10', '-12345678901234567890.10'],
  ['number', 'NaN', '"NaN"'],
  ['number', '1e+30', '1e+30'],
  ['boolean', 't', 'true'],
  ['json', '{"a": [1]}', '{"a": [1]}'],
  ['bytes', '\\x00ff41', '"\\u0000ÿA"'],
  ['instant', '2026-11-30 12:00:00.5+00', '"2026-11-30T12:00:00.5+00:00"'],
  ['instant', '2026-11-30 12:00:00.123456', '"2026-11-30T12:00:00.123456"'],
  ['text', 'a "quoted" line\n', '"a \\"quoted\\" line\\n"'],
] as const)('a %s that is written %s is %s in JSON', (form, text, json) => {
  expect(jsonOf(text, form)).toBe(json);
  expect(() => JSON.parse(json)).not.toThrow();
});

test.each([
  ['{}', []],
  ['{1,NULL,3}', ['1', null, '3']],
  [
    '{{a,b},{c,"d,}"}}',
    [
      ['a', 'b'],
      ['c', 'd,}'],
    ],
  ],
  ['{"NULL","a\\"b\\\\c",""}', ['NULL', 'a"b\\c', '']],
  ['[0:1]={x,y}', ['x', 'y']],
] as const)('the array %s is a list', (text, list) => {
  expect(JSON.parse(jsonOf(text, { items: 'text', delimiter: ',' }))).toEqual(list);
});

test('a domain is read as the type that it is of, and an array by its items', async () => {
  const rows = [
    { oid: 9001, base: 1700, item: 0, delimiter: ',' },
    { oid: 1007, base: 0, item: 23, delimiter: ',' },
    { oid: 9002, base: 0, item: 0, delimiter: ',' },
  ];
  const forms = await textForms(async () => rows, [9001, 1007, 9002, 16]);
  expect([9001, 1007, 9002, 16].map((oid) => forms.get(oid))).toEqual([
    'number',
    { items: 'number', delimiter: ',' },
    'text',
    'boolean',
  ]);
});

test('a place in the log is written as the server writes it', () => {
  expect(lsnText(0x16_b374_d848)).toBe('16/B374D848');
  expect(lsnText(0xff)).toBe('0/FF');
});
