/**
 * Regular expressions of RE2, whose time grows with the text alone. A mistake in a constant pattern is a fault at the
 * start.
 */
import { RE2JS } from 're2js';
import { codePoints } from '../code-points.ts';
import type { SqlFunction } from '../function.ts';
import { INTEGER, isList, type Kind, LIST, VARCHAR } from '../kinds.ts';
import { ofTypes, remembered, scalar, T_BOOLEAN, T_VARCHAR } from '../overloads.ts';
import type { SqlType } from '../type.ts';
import { SqlError, type SqlValue } from '../value.ts';

const OPTIONS =
  "Options: 'i' without regard to case, 's' a point is a line break too, 'l' the pattern is a text, 'c' with regard to case.";
const T_TEXTS: SqlType = { kind: 'list', of: T_VARCHAR };

export const REGEXES: readonly SqlFunction[] = [
  matching(
    'regexp_matches',
    `Whether a pattern is in a text. ${OPTIONS}`,
    "regexp_matches('hello', 'l+') = true",
    (regex, text) => {
      return regex.matcher(text).find();
    },
  ),
  matching(
    'regexp_full_match',
    'Whether a pattern is the whole text.',
    "regexp_full_match('hello', 'l+') = false",
    (regex, text) => {
      return regex.matcher(text).matches();
    },
  ),
  scalar(
    {
      name: 'regexp_extract',
      summary:
        'The first match, or a group of it by its number; empty where there is none. With a list of names, a struct of the groups.',
      example: "regexp_extract('a-12', '([a-z])-(\\d+)', 2) = '12'",
    },
    ...withOptions(
      [],
      T_VARCHAR,
      (regex) =>
        ([text = null]) =>
          extracted(regex, String(text), 0),
    ),
    ...withOptions([INTEGER], T_VARCHAR, (regex) => ([text = null, , group = null]) => {
      return extracted(regex, String(text), Number(group));
    }),
    ...withOptions(
      [LIST],
      (_types, [, , names]) => {
        if (names === undefined || !isList(names))
          return { wrong: 'regexp_extract takes the names of groups as constants' };
        return { kind: 'struct', fields: names.map((name) => ({ name: String(name), type: T_VARCHAR })) };
      },
      (regex) =>
        ([text = null, , names = null]) => {
          const all = isList(names) ? names : [];
          return Object.fromEntries(all.map((name, i) => [String(name), extracted(regex, String(text), i + 1)]));
        },
    ),
  ),
  scalar(
    {
      name: 'regexp_extract_all',
      summary: 'All matches, or a group of each, as a list.',
      example: "regexp_extract_all('a1b2', '\\d') = ['1', '2']",
    },
    ...withOptions(
      [],
      T_TEXTS,
      (regex) =>
        ([text = null]) =>
          extractedAll(regex, String(text), 0),
    ),
    ...withOptions([INTEGER], T_TEXTS, (regex) => ([text = null, , group = null]) => {
      return extractedAll(regex, String(text), Number(group));
    }),
  ),
  scalar(
    {
      name: 'regexp_replace',
      summary: "With the first match replaced, or with the option 'g' each; \\1 to \\9 stand for groups.",
      example: "regexp_replace('hello', 'l', '-', 'g') = 'he--o'",
    },
    ofTypes([VARCHAR, VARCHAR, VARCHAR], T_VARCHAR, (_types, [, pattern]) => {
      const compiled = remembered((source) => regexOf(source, ''), pattern);
      return ([text = null, source = null, by = null]) =>
        replaced(compiled(String(source)), String(text), String(by), false);
    }),
    ofTypes([VARCHAR, VARCHAR, VARCHAR, VARCHAR], T_VARCHAR, (_types, [, pattern, , options]) => {
      const compiled = compiledWith(pattern, options, true);
      return ([text = null, source = null, by = null, letters = null]) => {
        return replaced(compiled(source, letters), String(text), String(by), String(letters).includes('g'));
      };
    }),
  ),
  scalar(
    {
      name: 'regexp_split_to_array',
      aliases: ['string_split_regex', 'str_split_regex'],
      summary: 'What stands between the matches, as a list.',
      example: "regexp_split_to_array('a1b22c', '\\d+') = ['a', 'b', 'c']",
      seesNulls: true,
    },
    ...withOptions(
      [],
      T_TEXTS,
      (regex) =>
        ([text = null]) =>
          text === null ? null : split(regex, String(text)),
    ),
  ),
  scalar(
    {
      name: 'regexp_escape',
      summary: 'A pattern that matches the text itself.',
      example: "regexp_escape('a.b') = 'a\\.b'",
    },
    ofTypes(
      [VARCHAR],
      T_VARCHAR,
      () =>
        ([text = null]) =>
          escaped(String(text)),
    ),
  ),
];

type Bound = (args: readonly SqlValue[]) => SqlValue;
type ResultOf = Parameters<typeof ofTypes>[1];

function matching(
  name: string,
  summary: string,
  example: string,
  test: (regex: RE2JS, text: string) => boolean,
): SqlFunction {
  return scalar(
    { name, summary, example },
    ...withOptions(
      [],
      T_BOOLEAN,
      (regex) =>
        ([text = null]) =>
          test(regex, String(text)),
    ),
  );
}

/** A text, a pattern and more, each with and without options at the end. A null pattern matches nothing, and is asked for nothing. */
function withOptions(more: readonly Kind<unknown>[], result: ResultOf, bind: (regex: RE2JS) => Bound) {
  const kinds = [VARCHAR, VARCHAR, ...more];
  const none: RE2JS = RE2JS.compile('[^\\x{0}-\\x{10ffff}]');
  const bound =
    (at: number | null) =>
    (_types: readonly SqlType[], constants: readonly (SqlValue | undefined)[]): Bound => {
      const options = at === null ? '' : constants[at];
      const compiled = compiledWith(constants[1], options, false);
      let last: RE2JS | null = null;
      let call: Bound = () => null;
      return (args) => {
        const pattern = args[1] ?? null;
        const regex = pattern === null ? none : compiled(pattern, at === null ? '' : (args[at] ?? null));
        if (regex !== last) [last, call] = [regex, bind(regex)];
        return call(args);
      };
    };
  return [ofTypes(kinds, result, bound(null)), ofTypes([...kinds, VARCHAR], result, bound(kinds.length))];
}

function compiledWith(
  pattern: SqlValue | undefined,
  options: SqlValue | undefined,
  mayBeGlobal: boolean,
): (pattern: SqlValue, options: SqlValue) => RE2JS {
  let letters = typeof options === 'string' ? options : null;
  let compiled = letters === null ? null : remembered((source) => regexOf(source, letters ?? '', mayBeGlobal), pattern);
  return (source, given) => {
    if (compiled === null || given !== letters) {
      const own = String(given ?? '');
      letters = own;
      compiled = remembered((each) => regexOf(each, own, mayBeGlobal), undefined);
    }
    return compiled(String(source));
  };
}

/** Throws a SqlError. */
function regexOf(source: string, options: string, mayBeGlobal = false): RE2JS {
  let flags = 0;
  let pattern = source;
  for (const option of options) {
    if (option === 'i') flags |= RE2JS.CASE_INSENSITIVE;
    else if (option === 'c') flags &= ~RE2JS.CASE_INSENSITIVE;
    else if (option === 's') flags |= RE2JS.DOTALL;
    else if ('mnp'.includes(option)) flags &= ~RE2JS.DOTALL;
    else if (option === 'l') pattern = RE2JS.quote(source);
    else if (option !== 'g' || !mayBeGlobal)
      throw new SqlError(`there is no option ${JSON.stringify(option)} of a pattern here`);
  }
  try {
    return RE2JS.compile(pattern, flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    throw new SqlError(`the pattern ${JSON.stringify(source)} is none: ${reason}`);
  }
}

function extracted(regex: RE2JS, text: string, group: number): string {
  const matcher = regex.matcher(text);
  const isThere = group >= 0 && group <= matcher.groupCount() && matcher.find();
  return isThere ? (matcher.group(group) ?? '') : '';
}

function extractedAll(regex: RE2JS, text: string, group: number): SqlValue {
  const matcher = regex.matcher(text);
  if (group < 0 || group > matcher.groupCount()) throw new SqlError(`the pattern has no group ${group}`);
  const found: SqlValue[] = [];
  for (let at = 0; at <= text.length && matcher.find(at); ) {
    found.push(matcher.group(group));
    // As DuckDB steps on: an empty match further on is found once more from there.
    at = matcher.end() > at ? matcher.end() : at + widthAt(text, at);
  }
  return found;
}

function widthAt(text: string, unit: number): number {
  return (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
}

/** Source: RE2::GlobalReplace: no empty match right behind another. A rewrite that is none leaves the text. */
function replaced(regex: RE2JS, text: string, by: string, isGlobal: boolean): string {
  const matcher = regex.matcher(text);
  const parts = rewriteOf(by, matcher.groupCount());
  if (parts === null) return text;
  let out = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= text.length && matcher.find(at)) {
    const [start, end] = [matcher.start(), matcher.end()];
    out += text.slice(at, start);
    if (start === end && start === lastEnd) {
      out += text.slice(start, start + widthAt(text, start));
      at = start + widthAt(text, start);
      continue;
    }
    for (const part of parts) out += typeof part === 'string' ? part : (matcher.group(part) ?? '');
    at = end;
    lastEnd = end;
    if (!isGlobal) break;
  }
  return out + text.slice(at);
}

/** Texts and numbers of groups. */
function rewriteOf(by: string, groups: number): readonly (string | number)[] | null {
  const parts = by.split(/\\(\d|\\)/);
  return parts.some((part, i) => (i % 2 === 0 ? part.includes('\\') : Number(part) > groups))
    ? null
    : parts.map((part, i) => (i % 2 === 1 && part !== '\\' ? Number(part) : part));
}

/** Source: DuckDB's StringSplit: each search is over what is left; an empty match at its beginning takes one code point. */
function split(regex: RE2JS, text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest !== '') {
    const matcher = regex.matcher(rest);
    if (!matcher.find()) break;
    let [start, end] = [matcher.start(), matcher.end()];
    if (end === 0) {
      start = widthAt(rest, 0);
      end = start;
      if (end >= rest.length) break;
    }
    parts.push(rest.slice(0, start));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

/** Source: RE2::QuoteMeta. */
function escaped(text: string): string {
  return codePoints(text)
    .map((point) => (/[A-Za-z0-9_]|[^\0-\x7f]/.test(point) ? point : point === '\0' ? '\\x00' : `\\${point}`))
    .join('');
}
