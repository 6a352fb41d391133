/** What the schema finds wrong, in words for people. Values are never repeated, because one may be a secret. */

import { isMap } from '../messages/json-map.ts';
import { nearestWord } from '../nearest-word.ts';
import type { KeyNotice } from './section.ts';
import { SECTIONS } from './sections.ts';
import { keysAt, shapesAt } from './shape.ts';

/** The parts of a zod issue that are used. */
export interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  readonly expected?: string;
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean | undefined;
  readonly issues?: readonly Issue[];
  readonly errors?: readonly (readonly Issue[])[];
}

export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function findings(issue: Issue, notices: readonly KeyNotice[]): Finding[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return (issue.keys ?? []).map((key) => ({
        path: [...path, key],
        message: unknownKey(key, path, notices, issue.input),
      }));
    case 'invalid_union':
      return unionFindings(issue, notices);
    case 'invalid_key':
      return [{ path, message: issue.issues?.[0]?.message ?? issue.message }];
    case 'invalid_type':
      return [{ path, message: typeMessage(issue) }];
    case 'invalid_value':
      return [{ path, message: choiceMessage(issue.values ?? [], issue.input) }];
    case 'too_small':
      return [{ path, message: boundMessage(issue.origin, 'at least', issue.minimum) }];
    case 'too_big':
      return [{ path, message: boundMessage(issue.origin, 'at most', issue.maximum) }];
    case 'invalid_format':
      return [
        { path, message: issue.message === 'Invalid URL' ? 'is not a URL such as https://host/path' : issue.message },
      ];
    default:
      return [{ path, message: issue.message }];
  }
}

/** All findings of one file. Where a key stands that has a notice, nothing is said of what is missing beside it. */
export function allFindings(issues: readonly Issue[], notices: readonly KeyNotice[] = NOTICES): Finding[] {
  const all = issues.flatMap((issue) => findings(issue, notices));
  const noticed = new Set(all.filter(({ path }) => noticeOf(path, notices) !== undefined).map(parentText));
  return all.filter((finding) => finding.message !== MISSING || !noticed.has(parentText(finding)));
}

const NOTICES = SECTIONS.flatMap(({ elsewhere }) => elsewhere);

function noticeOf(path: readonly PropertyKey[], notices: readonly KeyNotice[]): KeyNotice | undefined {
  const keys = path.map(String);
  const stands = (pattern: readonly string[]): boolean =>
    pattern.length === keys.length && pattern.every((part, depth) => part === '*' || part === keys[depth]);
  return notices.find((notice) => stands(notice.path.split('.')));
}

function parentText({ path }: Finding): string {
  return pathText(path.slice(0, -1));
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

const MISSING = 'is missing';

function unknownKey(key: string, path: readonly PropertyKey[], notices: readonly KeyNotice[], map: unknown): string {
  const notice = noticeOf([...path, key], notices);
  if (notice !== undefined) return typeof notice.message === 'string' ? notice.message : notice.message(map);
  const known = keysAt(path);
  if (known.includes(key)) return `belongs to another form of ${String(path.at(-1))}`;
  const nearest = nearestWord(key, known);
  if (nearest !== undefined) return `is not a key here; did you mean ${nearest}?`;
  return `is not a key here${known.length === 0 ? '' : `; known: ${known.join(', ')}`}`;
}

/** The findings of the alternative that was meant. Where none was, the alternatives themselves. */
function unionFindings({ path, input, errors = [] }: Issue, notices: readonly KeyNotice[]): Finding[] {
  const known = keysAt(path);
  if (!isMap(input)) {
    const ofItems = errors.find((alternative) => alternative.every((issue) => issue.path.length > 0));
    if (!Array.isArray(input) || ofItems === undefined) return [{ path, message: alternativesMessage(path) }];
    return ofItems.flatMap((issue) => findings({ ...issue, path: [...path, ...issue.path] }, notices));
  }
  const strange = Object.keys(input).filter((key) => !known.includes(key));
  if (strange.length > 0)
    return strange.map((key) => ({ path: [...path, key], message: unknownKey(key, path, notices, input) }));
  const fitting = errors.find((alternative) => alternative.every((issue) => issue.path.length > 0));
  const missesOnly = fitting?.every(({ code, expected, input: value, path: at }) => {
    return code === 'invalid_type' && expected === 'object' && value === undefined && at.length === 1;
  });
  if (fitting === undefined || missesOnly === true) return [{ path, message: alternativesMessage(path) }];
  return fitting.flatMap((issue) => findings({ ...issue, path: [...path, ...issue.path] }, notices));
}

function alternativesMessage(path: readonly PropertyKey[]): string {
  const forms = shapesAt(path).flatMap(({ const: literal, properties, required, type }) => {
    if (literal !== undefined) return [String(literal)];
    // Optional keys do not tell one form from another.
    const keys = required ?? Object.keys(properties ?? {});
    if (keys.length > 0) return [`{ ${keys.join(', ')} }`];
    return [type ?? []].flat().map((kind) => KINDS[kind] ?? kind);
  });
  return `must be one of ${[...new Set(forms)].join(' or ')}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  null: 'null',
};

function typeMessage({ expected = '', input, message }: Issue): string {
  if (input === undefined) return MISSING;
  // A message that the schema has itself is better than zod's.
  if (!message.startsWith('Invalid input')) return message;
  return `must be ${KINDS[expected] ?? expected}, not ${kindOf(input)}`;
}

function kindOf(input: unknown): string {
  if (input === null) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number' && !Number.isFinite(input)) return String(input);
  return KINDS[typeof input] ?? typeof input;
}

function choiceMessage(values: readonly unknown[], input: unknown): string {
  const words = values.map(String);
  const nearest = typeof input === 'string' ? nearestWord(input, words) : undefined;
  return `must be ${words.length === 1 ? '' : 'one of '}${words.join(', ')}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

function boundMessage(origin: string | undefined, relation: string, bound: number | bigint | undefined): string {
  if (origin === 'array') return `must have ${relation} ${bound} items`;
  if (origin === 'string') return `must have ${relation} ${bound} characters`;
  return `must be ${relation} ${bound}`;
}
