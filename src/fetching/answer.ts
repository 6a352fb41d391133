/**
 * Reads an answer as rows, by declaration. Rows stand in the answer as a list of records, as a record of columns (lists of
 * one length, as Open-Meteo's `hourly`), or as one record. An answer for several places is a list with an item a place, in
 * the order of the request: a place is known by its index, never by what the answer repeats of it.
 */

import { isMap } from '../messages/json-map.ts';
import { type JsonPath, valueAt } from './json-path.ts';

export interface AnswerForm {
  /** From an item of the answer. */
  readonly rows: JsonPath;
  /** What must stand at a path of an item, such as a unit: another value means that the provider changed something. */
  readonly requires: readonly { readonly path: JsonPath; readonly name: string; readonly value: unknown }[];
  /** Where an answer says that it is an error, and why: read in a success too. Null when none does. */
  readonly error: { readonly when: JsonPath; readonly reason: JsonPath } | null;
}

/** A row, and the item of the answer that it stands in. */
export interface AnswerRow {
  readonly row: Readonly<Record<string, unknown>>;
  readonly item: unknown;
  /** Index of the place that it is about; 0 when none was asked for. */
  readonly place: number;
}

export type Answer =
  | { readonly kind: 'rows'; readonly rows: readonly AnswerRow[] }
  /** Asking again may give another answer: the body broke off. */
  | { readonly kind: 'retryable'; readonly reason: string }
  /** Asking again gives the same: a wrong request, or the provider changed its answers. */
  | { readonly kind: 'permanent'; readonly reason: string };

const EXCERPT_CHARACTERS = 80;

/** `places` is how many the request was about; null when it was about none. */
export function readAnswer(body: string, form: AnswerForm, places: number | null): Answer {
  const parsed = parseJson(body);
  // A failure after the headers left stands as text in the body of a 200.
  if (parsed === undefined) return { kind: 'retryable', reason: `The answer is not JSON: ${excerpt(body)}` };
  const reason = errorOf(parsed, form.error);
  if (reason !== null) return { kind: 'permanent', reason: `The answer is an error: ${reason}` };
  const items: readonly unknown[] = places !== null && Array.isArray(parsed) ? parsed : [parsed];
  if (places !== null && items.length !== places) {
    return { kind: 'permanent', reason: `Asked for ${places} places, got ${items.length}` };
  }
  const rows: AnswerRow[] = [];
  for (const [place, item] of items.entries()) {
    const problem = readItem(item, place, form, rows);
    if (problem === null) continue;
    return { kind: 'permanent', reason: places === null ? problem : `Place ${place + 1} of ${places}: ${problem}` };
  }
  return { kind: 'rows', rows };
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an error says of itself; null when the answer is none. */
export function errorOf(parsed: unknown, error: AnswerForm['error']): string | null {
  if (error === null) return null;
  const said = valueAt(parsed, error.when);
  if (said === undefined || said === null || said === false || said === 0 || said === '') return null;
  const reason = valueAt(parsed, error.reason);
  return typeof reason === 'string' ? reason : 'it names no reason';
}

/** Adds the rows of an item. Returns what is wrong with it, or null. */
function readItem(item: unknown, place: number, form: AnswerForm, into: AnswerRow[]): string | null {
  for (const { path, name, value } of form.requires) {
    const found = valueAt(item, path);
    if (found !== value) return `${name} is ${JSON.stringify(found) ?? 'missing'}, expected ${JSON.stringify(value)}`;
  }
  const found = valueAt(item, form.rows);
  const name = form.rows.length === 0 ? 'the answer' : form.rows.join('.');
  if (found === undefined) return `it has no ${name}`;
  if (found === null) return null;
  if (Array.isArray(found)) {
    for (const [index, row] of found.entries()) {
      if (!isMap(row)) return `${name}[${index}] is no record`;
      into.push({ row, item, place });
    }
    return null;
  }
  if (!isMap(found)) return `${name} is neither a list nor a record`;
  const columns = Object.entries(found).flatMap(([column, values]) => (isList(values) ? [{ column, values }] : []));
  const [first] = columns;
  if (first === undefined) {
    into.push({ row: found, item, place });
    return null;
  }
  const odd = columns.find(({ values }) => values.length !== first.values.length);
  if (odd !== undefined) {
    return `${name}.${odd.column} has ${odd.values.length} values, ${name}.${first.column} has ${first.values.length}`;
  }
  for (let n = 0; n < first.values.length; n++) {
    into.push({ row: Object.fromEntries(columns.map(({ column, values }) => [column, values[n]])), item, place });
  }
  return null;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function excerpt(body: string): string {
  if (body.length <= EXCERPT_CHARACTERS) return JSON.stringify(body);
  const end = JSON.stringify(`…${body.slice(-EXCERPT_CHARACTERS)}`);
  return `${end} (the last ${EXCERPT_CHARACTERS} of ${body.length} characters)`;
}
