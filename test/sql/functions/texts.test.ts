/** Texts as functions make them, beside DuckDB on random arguments. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argument, BYTES, INT, listsOf, PART, SMALL, TEXT, VARCHAR_TYPE, WHOLE } from './arguments.ts';
import { calls, differences } from './beside-duckdb.ts';

test('texts are as DuckDB has them', async () => {
  const ofText = ['length', 'strlen', 'bit_length', 'lower', 'upper', 'trim', 'ltrim', 'rtrim', 'ascii', 'unicode'];
  const all = [
    ...[...ofText, 'nfc_normalize', 'strip_accents', 'reverse', 'length_grapheme'].map((name) => calls(name, TEXT)),
    calls('length', listsOf(WHOLE)),
    calls('octet_length', BYTES),
    ...['trim', 'ltrim', 'rtrim'].map((name) => calls(name, TEXT, PART)),
    calls('substring', TEXT, SMALL),
    calls('substring', TEXT, SMALL, SMALL),
    calls('left', TEXT, SMALL),
    calls('right', TEXT, SMALL),
    calls('lpad', TEXT, INT, PART),
    calls('rpad', TEXT, INT, PART),
    calls('repeat', TEXT, SMALL),
    calls('repeat', listsOf(WHOLE), SMALL),
    calls('chr', INT),
  ];
  expect(await differences(all, 60)).toEqual([]);
});

test('texts in texts are found as DuckDB finds them', async () => {
  const pairs = ['contains', 'starts_with', 'ends_with', 'strpos', 'string_split', 'levenshtein', 'hamming', 'jaccard'];
  const all = [
    ...[...pairs, 'damerau_levenshtein'].flatMap((name) => [calls(name, TEXT, PART), calls(name, PART, PART)]),
    calls('replace', TEXT, PART, PART),
    calls('translate', TEXT, PART, PART),
    calls('translate', TEXT, TEXT, TEXT),
    calls('split_part', TEXT, PART, SMALL),
    calls('levenshtein', TEXT, TEXT),
    calls('damerau_levenshtein', TEXT, TEXT),
  ];
  expect(await differences(all, 60)).toEqual([]);
});

const DIGITS = argument(VARCHAR_TYPE, fc.string({ unit: fc.constantFrom(...'0aF9gB='), maxLength: 5 }));
/** DuckDB takes padding in the middle too. */
const PADDED = argument(
  VARCHAR_TYPE,
  fc
    .string({ unit: fc.constantFrom(...'0aF9/+'), maxLength: 7 })
    .map((text) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')),
);
const ESCAPED = argument(VARCHAR_TYPE, fc.string({ unit: fc.constantFrom(...'%4c3Aé+ a'), maxLength: 8 }));

test('bytes are written and read as DuckDB does', async () => {
  const all = [
    ...['md5', 'sha1', 'sha256', 'hex'].flatMap((name) => [calls(name, TEXT), calls(name, BYTES)]),
    ...['hex', 'bin'].map((name) => calls(name, WHOLE)),
    ...['bin', 'encode', 'url_encode', 'url_decode', 'unhex'].map((name) => calls(name, TEXT)),
    ...['to_base64', 'decode'].map((name) => calls(name, BYTES)),
    calls('unhex', DIGITS),
    calls('from_base64', PADDED),
    calls('url_decode', ESCAPED),
    calls('to_base', WHOLE, INT),
    calls('to_base', WHOLE, INT, INT),
  ];
  expect(await differences(all, 60)).toEqual([]);
});
