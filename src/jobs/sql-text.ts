/**
 * SQL of a job with places for intervals and parameters. A value never becomes a part of the statement's text: DuckDB is
 * given it beside the text, as a parameter of its own type; other engines, whose clients have no parameters, get a literal.
 */

import { quotedText } from '../sql-quotes.ts';
import { expand, type Hole, type Template, TemplateError, type TemplateValue } from './template.ts';

/** A value beside a statement: a day is in days since 1970, an instant in epoch milliseconds. */
export type SqlParameter =
  | string
  | number
  | boolean
  | null
  | { readonly days: number }
  | { readonly instantMs: number };

export interface BoundSql {
  /** With $1, $2 … for the parameters. */
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

type ValueFor = (name: string) => TemplateValue | undefined;

/**
 * A place within quotes is joined to the text around it: `'in/{interval.start|date}.csv'` is `('in/' || $1 || '.csv')`. A list is a
 * parameter for each item, as IN takes them. Throws a TemplateError for a place within a name, and for one without a value.
 */
export function bindSql(template: Template, valueFor: ValueFor): BoundSql {
  const parameters: SqlParameter[] = [];
  const sql = rendered(template, valueFor, (value) => `$${parameters.push(value)}`);
  return { sql, parameters };
}

/**
 * The statement with literals, as the SQL standard has them; with `escapes` for an engine that reads backslashes in texts. Throws as
 * bindSql() does.
 */
export function literalSql(template: Template, valueFor: ValueFor, escapes = false): string {
  return rendered(template, valueFor, (value) =>
    literal(typeof value === 'string' && escapes ? value.replaceAll('\\', '\\\\') : value),
  );
}

function literal(value: SqlParameter): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quotedText(value);
  if (typeof value !== 'object') return String(value);
  if ('days' in value) return `DATE '${new Date(value.days * DAY_MS).toISOString().slice(0, 10)}'`;
  return `TIMESTAMP '${new Date(value.instantMs).toISOString().slice(0, -1).replace('T', ' ')}'`;
}

const DAY_MS = 86_400_000;

type Write = (value: SqlParameter) => string;

/** What begins a text, a name or a comment, and all else up to the next of them. */
const WORD = /--|\/\*|'|"|[^'"\-/]+|[-/]/y;
/** How what may hold no place ends, by how it begins. */
const ENDS: Readonly<Record<string, string>> = { '"': '"', '--': '\n', '/*': '*/' };

function rendered(template: Template, valueFor: ValueFor, write: Write): string {
  let sql = '';
  /** What a text that is open is joined of; null outside of texts. */
  let joined: string[] | null = null;
  /** How the name or comment ends that is open; null outside of them. */
  let ending: string | null = null;
  for (const part of template) {
    if (typeof part !== 'string') {
      if (ending === '"') throw new TemplateError(part, 'stands within a name, which takes no value');
      if (ending !== null) sql += part.text;
      else if (joined === null) sql += parametersOf(part, valueFor).map(write).join(', ');
      // As text, whatever it is: it is joined to text.
      else joined.push(write(expand([part], valueFor)), '');
      continue;
    }
    for (let at = 0; at < part.length; ) {
      if (joined !== null) {
        const end = textEnd(part, at);
        joined[joined.length - 1] += part.slice(at, end);
        at = end;
        if (at === part.length) break;
        const texts = joined.map((each, i) => (i % 2 === 0 ? `'${each}'` : each));
        sql += texts.length === 1 ? texts[0] : `(${texts.join(' || ')})`;
        joined = null;
        at += 1;
      } else if (ending !== null) {
        const end = part.indexOf(ending, at);
        const behind = end === -1 ? part.length : end + ending.length;
        sql += part.slice(at, behind);
        if (end !== -1) ending = null;
        at = behind;
      } else {
        WORD.lastIndex = at;
        const [word = ''] = WORD.exec(part) ?? [];
        if (word === "'") joined = [''];
        else sql += word;
        ending = ENDS[word] ?? null;
        at += word.length;
      }
    }
  }
  return joined === null ? sql : `${sql}'${joined.join('')}`;
}

/** Where the quote stands that closes the text; a doubled one does not. */
function textEnd(part: string, from: number): number {
  for (let at = part.indexOf("'", from); at !== -1; at = part.indexOf("'", at + 2)) {
    if (part[at + 1] !== "'") return at;
  }
  return part.length;
}

function parametersOf(hole: Hole, valueFor: ValueFor): SqlParameter[] {
  const value = valueFor(hole.name);
  if (value === undefined) throw new TemplateError(hole, 'has no value');
  if (isInstant(value)) return [instantParameter(hole, value.instantMs, valueFor)];
  if (!isList(value)) return [value];
  if (hole.format !== 'join') throw new TemplateError(hole, `is a list: write {${hole.name}|join}`);
  // IN of nothing is no SQL: NULL is in no list, and nothing is it.
  return value.length === 0 ? [null] : [...value];
}

function instantParameter(hole: Hole, instantMs: number, valueFor: ValueFor): SqlParameter {
  switch (hole.format) {
    case null:
    case 'iso':
      return { instantMs };
    case 'date':
      return { days: Math.floor(instantMs / DAY_MS) };
    case 'time':
      return expand([hole], valueFor);
    default:
      return Number(expand([hole], valueFor));
  }
}

function isInstant(value: TemplateValue): value is Extract<TemplateValue, { readonly instantMs: number }> {
  return typeof value === 'object' && value !== null && 'instantMs' in value;
}

function isList(value: Exclude<TemplateValue, { readonly instantMs: number }>): value is readonly (string | number)[] {
  return Array.isArray(value);
}
