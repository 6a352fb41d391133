/** Texts: length, case, parts, padding. All places and lengths are of code points, from 1. */
import { Buffer } from 'node:buffer';
import { boundLength, codePoints, lengthOf, sliceOf } from '../code-points.ts';
import type { SqlFunction } from '../function.ts';
import { BLOB, INTEGER, LIST, VARCHAR } from '../kinds.ts';
import { of1, of2, of3, scalar, T_BIGINT, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { SqlError } from '../value.ts';

const BOUNDED = 'A text of more than 16,777,216 characters is a fault.';
const UNICODE =
  "Characters and their cases are those of Unicode as Node has it, which may be newer or older than DuckDB's.";

export const TEXTS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'length',
      aliases: ['len', 'char_length', 'character_length'],
      summary: 'How many code points a text has, or elements a list.',
      example: "length('añb') = 3",
    },
    of1(VARCHAR, T_BIGINT, lengthOf),
    of1(LIST, T_BIGINT, (list) => list.length),
  ),
  scalar(
    { name: 'strlen', summary: 'How many bytes of UTF-8 a text has.', example: "strlen('añb') = 4" },
    of1(VARCHAR, T_BIGINT, (text) => Buffer.byteLength(text)),
  ),
  scalar(
    { name: 'bit_length', summary: 'How many bits of UTF-8 a text has.', example: "bit_length('abc') = 24" },
    of1(VARCHAR, T_BIGINT, (text) => Buffer.byteLength(text) * 8),
  ),
  scalar(
    { name: 'octet_length', summary: 'How many bytes a BLOB has.', example: "octet_length(encode('añb')) = 4" },
    of1(BLOB, T_BIGINT, (bytes) => bytes.length),
  ),
  scalar(
    {
      name: 'length_grapheme',
      summary: 'How many characters a text has, as people count them.',
      example: "length_grapheme('añb') = 3",
      differs: UNICODE,
    },
    of1(VARCHAR, T_BIGINT, (text) => graphemes(text).length),
  ),
  scalar(
    {
      name: 'lower',
      aliases: ['lcase'],
      summary: 'In small letters, each code point by itself.',
      example: "lower('AbC') = 'abc'",
      differs: UNICODE,
    },
    of1(VARCHAR, T_VARCHAR, lower),
  ),
  scalar(
    {
      name: 'upper',
      aliases: ['ucase'],
      summary: 'In capital letters, each code point by itself.',
      example: "upper('AbC') = 'ABC'",
      differs: UNICODE,
    },
    of1(VARCHAR, T_VARCHAR, upper),
  ),
  trimming('trim', 'both ends', "trim('  a ') = 'a'", true, true),
  trimming('ltrim', 'the beginning', "ltrim('  a') = 'a'", true, false),
  trimming('rtrim', 'the end', "rtrim('a  ') = 'a'", false, true),
  scalar(
    {
      name: 'substring',
      aliases: ['substr'],
      summary: 'From a place on, so many code points or all; a negative place counts from the end.',
      example: "substring('hello', 2, 3) = 'ell'",
      differs: 'A length beyond 32 bits is none too long.',
    },
    of2(VARCHAR, INTEGER, T_VARCHAR, (text, from) => substring(text, from, null)),
    of3(VARCHAR, INTEGER, INTEGER, T_VARCHAR, substring),
  ),
  scalar(
    {
      name: 'left',
      summary: 'The first code points; with a negative count, all but the last.',
      example: "left('hello', 2) = 'he'",
    },
    of2(VARCHAR, INTEGER, T_VARCHAR, (text, count) => {
      return sliceOf(text, 0, count >= 0 ? count : Math.max(0, lengthOf(text) + count));
    }),
  ),
  scalar(
    {
      name: 'right',
      summary: 'The last code points; with a negative count, all but the first.',
      example: "right('hello', 2) = 'lo'",
    },
    of2(VARCHAR, INTEGER, T_VARCHAR, (text, count) => {
      return sliceOf(text, count >= 0 ? Math.max(0, lengthOf(text) - count) : -count, lengthOf(text));
    }),
  ),
  scalar(
    {
      name: 'lpad',
      summary: 'Padded at its beginning, or cut at its end, to a length.',
      example: "lpad('7', 3, '0') = '007'",
      differs: BOUNDED,
    },
    of3(VARCHAR, INTEGER, VARCHAR, T_VARCHAR, (text, length, pad) => {
      const own = sliceOf(text, 0, Math.max(0, length));
      return padding('lpad', own, length, pad) + own;
    }),
  ),
  scalar(
    {
      name: 'rpad',
      summary: 'Padded at its end, or cut there, to a length.',
      example: "rpad('ab', 4, '.') = 'ab..'",
      differs: BOUNDED,
    },
    of3(VARCHAR, INTEGER, VARCHAR, T_VARCHAR, (text, length, pad) => {
      const own = sliceOf(text, 0, Math.max(0, length));
      return own + padding('rpad', own, length, pad);
    }),
  ),
  scalar(
    {
      name: 'repeat',
      summary: 'A text, or a list, so many times.',
      example: "repeat('ab', 3) = 'ababab'",
      differs: BOUNDED,
    },
    of2(VARCHAR, INTEGER, T_VARCHAR, (text, count) => {
      boundLength(text.length * count);
      return text.repeat(Math.max(0, count));
    }),
    of2(LIST, INTEGER, firstType, (list, count) => {
      boundLength(list.length * count);
      return Array.from({ length: Math.max(0, count) }, () => list).flat();
    }),
  ),
  scalar(
    {
      name: 'reverse',
      summary: 'Backwards, by characters as people see them.',
      example: "reverse('abc') = 'cba'",
      differs: UNICODE,
    },
    of1(VARCHAR, T_VARCHAR, (text) => graphemes(text).reverse().join('')),
  ),
  scalar(
    { name: 'ascii', summary: 'The number of the first code point, 0 of an empty text.', example: "ascii('a') = 97" },
    of1(VARCHAR, T_BIGINT, (text) => text.codePointAt(0) ?? 0),
  ),
  scalar(
    {
      name: 'unicode',
      aliases: ['ord'],
      summary: 'The number of the first code point, -1 of an empty text.',
      example: "unicode('a') = 97",
    },
    of1(VARCHAR, T_BIGINT, (text) => text.codePointAt(0) ?? -1),
  ),
  scalar(
    { name: 'chr', summary: 'The code point of a number.', example: "chr(97) = 'a'" },
    of1(INTEGER, T_VARCHAR, (number) => {
      const isCodePoint = number >= 0 && number <= 0x10ffff && !(number >= 0xd800 && number <= 0xdfff);
      if (!isCodePoint) throw new SqlError(`${number} is the number of no code point`);
      return String.fromCodePoint(number);
    }),
  ),
  scalar(
    {
      name: 'nfc_normalize',
      summary: 'With letters and their marks composed (NFC), so that equal texts are the same.',
      example: "length(nfc_normalize('e' || chr(769))) = 1",
    },
    of1(VARCHAR, T_VARCHAR, (text) => text.normalize('NFC')),
  ),
  scalar(
    { name: 'strip_accents', summary: 'Without accents.', example: "strip_accents('mühleisen') = 'muhleisen'" },
    of1(VARCHAR, T_VARCHAR, (text) => text.normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')),
  ),
];

function firstType([type]: readonly SqlType[]): SqlType {
  return type ?? { kind: 'null' };
}

const NOT_ASCII = /[^\0-\x7f]/;

function lower(text: string): string {
  return NOT_ASCII.test(text)
    ? text.replace(/[^\0-\x7f]|[A-Z]+/gu, (part) => alone(part, part.toLowerCase()))
    : text.toLowerCase();
}

function upper(text: string): string {
  return NOT_ASCII.test(text)
    ? text.replace(/[^\0-\x7f]|[a-z]+/gu, (part) => alone(part, part.toUpperCase()))
    : text.toUpperCase();
}

/** A letter whose other case is several letters: it has one of its own, or stays. */
const SINGLE: Readonly<Record<string, string>> = { ß: 'ẞ', İ: 'i', ᾳ: 'ᾼ', ῃ: 'ῌ', ῳ: 'ῼ' };

function alone(part: string, changed: string): string {
  if (lengthOf(part) === lengthOf(changed)) return changed;
  const code = part.charCodeAt(0);
  // Greek letters with a subscript: eight small ones, then their eight capitals.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  return SINGLE[part] ?? part;
}

/** Spaces are what Unicode has as such; tabs and line breaks stay, as in DuckDB. */
const SPACE = /\p{Zs}/u;

function trimming(name: string, where: string, example: string, atStart: boolean, atEnd: boolean): SqlFunction {
  const trim = (text: string, isCut: (point: string) => boolean): string => {
    const points = codePoints(text);
    let [start, end] = [0, points.length];
    while (atStart && start < end && isCut(points[start]!)) start++;
    while (atEnd && end > start && isCut(points[end - 1]!)) end--;
    return points.slice(start, end).join('');
  };
  return scalar(
    { name, summary: `Without spaces at ${where}, or without any of the characters that are given.`, example },
    of1(VARCHAR, T_VARCHAR, (text) => trim(text, (point) => SPACE.test(point))),
    of2(VARCHAR, VARCHAR, T_VARCHAR, (text, cut) => {
      const points = new Set(cut);
      return trim(text, (point) => points.has(point));
    }),
  );
}

/** Place 0 is before the first code point. A negative length is what is before the place. */
function substring(text: string, from: number, length: number | null): string {
  const size = lengthOf(text);
  const start = from > 0 ? from - 1 : from < 0 ? size + from : length === null ? 0 : -1;
  const end = length === null ? size : start + length;
  const [first, last] = start <= end ? [start, end] : [end, start];
  return sliceOf(text, Math.max(0, first), Math.max(0, last));
}

function padding(name: string, text: string, length: number, pad: string): string {
  boundLength(length);
  const missing = length - lengthOf(text);
  if (missing <= 0) return '';
  const points = codePoints(pad);
  if (points.length === 0) throw new SqlError(`${name} has nothing to pad with`);
  return pad.repeat(Math.floor(missing / points.length)) + points.slice(0, missing % points.length).join('');
}

const SEGMENTER = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Source: Unicode Standard Annex 29, extended grapheme clusters. */
function graphemes(text: string): string[] {
  return NOT_ASCII.test(text) || text.includes('\r')
    ? [...SEGMENTER.segment(text)].map(({ segment }) => segment)
    : codePoints(text);
}
