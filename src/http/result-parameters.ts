/**
 * The parameters of a request for results, read from its query string. An unknown name is refused like an invalid
 * value: a misspelt filter would otherwise answer with everything.
 */
import { keyText, keyValues } from '../messages/key-values.ts';
import type { KeyFilter, ResultKind, ResultPlace, ResultQuery } from '../projections/result-pages.ts';
import type { Problem } from './problem.ts';
import { badParameter, unknownParameter, unknownResult } from './refusals.ts';
import type { WindowOrJoin } from './view.ts';

export interface ResultRequest {
  readonly query: ResultQuery;
  readonly format: 'json' | 'csv';
  /** No limit was given: a CSV is then whole. */
  readonly isUnlimited: boolean;
}

/** Rows of one answer. */
const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

const COMMON = ['key', 'keyPrefix', 'nullKey', 'from', 'to', 'limit', 'cursor', 'format'];
/** The parameter that names a window or a join, and those beside the common ones. */
const OWN: Readonly<Record<ResultKind, readonly [name: string, ...string[]]>> = {
  windows: ['window', 'revisions'],
  joins: ['join'],
  late_events: ['window'],
};

/** `search` is the query string as it was sent, and `parameters` has each name with all of its values. */
export function resultRequest(
  of: ResultKind,
  search: string,
  parameters: Readonly<Record<string, readonly string[]>>,
  windowsAndJoins: readonly WindowOrJoin[],
): ResultRequest | Problem {
  const known = [...OWN[of], ...COMMON];
  // What does not decode is left as it stands, and would be the value that is written so.
  if (!isWellFormed(search)) return badParameter('key', search, 'The query string is not UTF-8, percent-encoded.');
  for (const [name, given] of Object.entries(parameters)) {
    if (!known.includes(name)) return unknownParameter(name, known);
    if (given.length > 1) return badParameter(name, given.join(','), 'It is given once.');
  }
  const value = (name: string): string | null => parameters[name]?.[0] ?? null;
  const name = value(OWN[of][0]);
  const target = name === null ? null : windowOrJoinNamed(of, name, windowsAndJoins);
  if (target !== null && 'error' in target) return target;
  const key = keyFilter(value, target);
  if (key !== null && 'error' in key) return key;
  const times = timeRange(value);
  if ('error' in times) return times;
  const limitText = value('limit');
  const limit = limitText === null ? DEFAULT_LIMIT : wholeNumber(limitText, 1, MAX_LIMIT);
  if (limit === null)
    return badParameter('limit', limitText ?? '', `It is a whole number from 1 to ${MAX_LIMIT}; \`cursor\` reads on.`);
  const cursorText = value('cursor');
  const after = cursorText === null ? null : placeOf(cursorText);
  if (cursorText !== null && after === null)
    return badParameter('cursor', cursorText, 'It is what the answer before said: the header x-next-cursor.');
  const revisions = value('revisions') ?? 'newest';
  if (revisions !== 'newest' && revisions !== 'all')
    return badParameter('revisions', revisions, 'It is newest or all.');
  const format = value('format') ?? 'json';
  if (format !== 'json' && format !== 'csv') return badParameter('format', format, 'It is json or csv.');
  return {
    query: { of, name, key, ...times, revisions, after, limit },
    format,
    isUnlimited: limitText === null,
  };
}

function windowOrJoinNamed(
  of: ResultKind,
  name: string,
  windowsAndJoins: readonly WindowOrJoin[],
): WindowOrJoin | Problem {
  const fitting = windowsAndJoins.filter(
    ({ kind }) => of === 'late_events' || kind === (of === 'joins' ? 'join' : 'window'),
  );
  const found = fitting.find((candidate) => candidate.name === name);
  return (
    found ??
    unknownResult(
      OWN[of][0],
      name,
      fitting.map((candidate) => candidate.name),
    )
  );
}

function isWellFormed(search: string): boolean {
  try {
    decodeURIComponent(search);
    return true;
  } catch {
    return false;
  }
}

type Value = (name: string) => string | null;

function keyFilter(value: Value, target: WindowOrJoin | null): KeyFilter | Problem | null {
  const [key, prefix, nullKey] = [value('key'), value('keyPrefix'), value('nullKey')];
  if ([key, prefix, nullKey].filter((given) => given !== null).length > 1)
    return badParameter('key', key ?? prefix ?? '', 'Of key, keyPrefix and nullKey one is given.');
  if (nullKey !== null) {
    return nullKey === 'true' ? { kind: 'isNull' } : badParameter('nullKey', nullKey, 'It is true, or left out.');
  }
  if (prefix !== null) return { kind: 'beginsWith', text: prefix };
  if (key === null) return null;
  const keys = target?.keys ?? 'text';
  // Where no key is a text, this is no text either.
  if (keys !== 'text' && key === 'null') return { kind: 'isNull' };
  if (keys === 'none') return badParameter('key', key, `${target?.name} has one group over all, whose key is null.`);
  if (keys === 'number' && wholeNumber(key, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) === null)
    return badParameter('key', key, `A key of ${target?.name} is a whole number, or null.`);
  if (keys === 'several') {
    const values = arrayOf(key);
    if (values !== null) return { kind: 'is', text: values };
    return badParameter('key', key, `A key of ${target?.name} is a JSON array, of ${target?.key}.`);
  }
  return { kind: 'is', text: keys === 'number' ? String(Number(key)) : key };
}

/** A JSON array of values as keys are written; null for what is none. */
function arrayOf(text: string): string | null {
  try {
    const values: unknown = JSON.parse(text);
    if (!Array.isArray(values)) return null;
  } catch {
    return null;
  }
  return keyText(keyValues(text));
}

function timeRange(value: Value): Pick<ResultQuery, 'fromMs' | 'toMs'> | Problem {
  const [from, to] = [value('from'), value('to')];
  const [fromMs, toMs] = [instantOf(from), instantOf(to)];
  const hint = 'It is a time as 1522540800000 or 2018-04-01T00:00:00Z; `from` is within the range, `to` is not.';
  if (from !== null && fromMs === null) return badParameter('from', from, hint);
  if (to !== null && toMs === null) return badParameter('to', to, hint);
  if (fromMs !== null && toMs !== null && toMs < fromMs)
    return badParameter('to', to ?? '', 'It is not before `from`.');
  return { fromMs, toMs };
}

const ISO_INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

function instantOf(text: string | null): number | null {
  if (text === null) return null;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  // A plus sign that was not escaped is a blank by now.
  const ms = ISO_INSTANT.test(text.replace(' ', '+')) ? Date.parse(text.replace(' ', '+')) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

function wholeNumber(text: string, least: number, most: number): number | null {
  if (!/^-?\d{1,16}$/.test(text)) return null;
  const number = Number(text);
  return number >= least && number <= most ? number : null;
}

export function cursorOf(place: ResultPlace): string {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

function placeOf(cursor: string): ResultPlace | null {
  if (!/^[A-Za-z0-9_-]{1,2000}$/.test(cursor)) return null;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || parts.length !== 7) return null;
  const [at, name, hasKey, head, end, revision, row] = parts;
  if (typeof name !== 'string' || typeof head !== 'string' || typeof hasKey !== 'boolean') return null;
  const numbers = [at, end, revision, row];
  if (!numbers.every((number) => Number.isSafeInteger(number))) return null;
  if (Math.abs(at) > LARGEST_MS) return null;
  return [at, name, hasKey, head, end, revision, row];
}

/** Of a Date. */
const LARGEST_MS = 8.64e15;
