/**
 * Values as PostgreSQL writes them as texts, as the JSON of an event: numbers by their digits, instants as ISO 8601, arrays
 * as lists, jsonb as it is.
 *
 * The text of an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
import type { PgRow } from './session.ts';

/** What the text of a type is. */
export type TextForm =
  | 'text'
  | 'number'
  | 'boolean'
  | 'json'
  | 'bytes'
  | 'instant'
  | { readonly items: TextForm; readonly delimiter: string };

/** By the type's number in pg_type.dat. */
const KNOWN: ReadonlyMap<number, TextForm> = new Map<number, TextForm>([
  [16, 'boolean'],
  [17, 'bytes'],
  [20, 'number'],
  [21, 'number'],
  [23, 'number'],
  [26, 'number'],
  [114, 'json'],
  [700, 'number'],
  [701, 'number'],
  [1114, 'instant'],
  [1184, 'instant'],
  [1700, 'number'],
  [3802, 'json'],
]);

type AskTypes = (sql: string, parameters: readonly unknown[]) => Promise<readonly PgRow[]>;

/** Forms of types by their numbers; domains are what they are of. */
export async function textForms(ask: AskTypes, oids: readonly number[]): Promise<ReadonlyMap<number, TextForm>> {
  const forms = new Map<number, TextForm>(KNOWN);
  const wanted = [...new Set(oids)].filter((oid) => !forms.has(oid));
  if (wanted.length === 0) return forms;
  const rows = await ask(
    `SELECT t.oid, t.typbasetype AS base, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS item, t.typdelim AS delimiter
     FROM pg_catalog.pg_type t WHERE t.oid = ANY($1::oid[])`,
    [`{${wanted.join(',')}}`],
  );
  const below = rows.flatMap(({ base, item }) => [Number(base), Number(item)]).filter((oid) => oid > 0);
  const inner = await textForms(ask, below);
  for (const { oid, base, item, delimiter } of rows) {
    const of = inner.get(Number(base) > 0 ? Number(base) : Number(item)) ?? 'text';
    forms.set(Number(oid), Number(item) > 0 ? { items: of, delimiter: String(delimiter) } : of);
  }
  return forms;
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;

/** The JSON of a value. */
export function jsonOf(text: string, form: TextForm): string {
  switch (form) {
    case 'number':
      // NaN and infinities are words.
      return NUMBER.test(text) ? text : JSON.stringify(text);
    case 'boolean':
      return text === 't' || text === 'true' ? 'true' : 'false';
    case 'json':
      return text;
    case 'bytes':
      return JSON.stringify(Buffer.from(text.slice(2), 'hex').toString('latin1'));
    case 'instant':
      return JSON.stringify(isoOf(text));
    case 'text':
      return JSON.stringify(text);
    default:
      return arrayJson(text, form);
  }
}

/** `2026-11-30 12:00:00.5+00` with a T, and with the minutes of its zone. */
function isoOf(text: string): string {
  const withT = text.replace(' ', 'T');
  return /[+-]\d\d$/.test(withT) && withT.includes('T') ? `${withT}:00` : withT;
}

function arrayJson(text: string, { items, delimiter }: Exclude<TextForm, string>): string {
  // Bounds that do not begin at 1 stand before it: [0:2]={…}
  let at = text.indexOf('{');
  let json = '';
  while (at < text.length) {
    const letter = text[at]!;
    if (letter === '{' || letter === '}' || letter === delimiter) {
      json += letter === '{' ? '[' : letter === '}' ? ']' : ',';
      at += 1;
    } else if (letter === '"') {
      let value = '';
      for (at += 1; text[at] !== '"'; at++) {
        if (text[at] === '\\') at += 1;
        value += text[at];
      }
      at += 1;
      json += jsonOf(value, items);
    } else {
      const from = at;
      while (text[at] !== delimiter && text[at] !== '}') at += 1;
      const value = text.slice(from, at);
      json += value === 'NULL' ? 'null' : jsonOf(value, items);
    }
  }
  return json;
}
