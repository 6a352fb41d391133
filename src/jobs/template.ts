/**
 * Texts of a job with places to fill: `{interval.start|date}`, `{params.region}`, `{place.latitude|join}`. A name is words
 * with dots, behind `|` stands how the value is written. Braces around anything else are text, so that JSON and SQL
 * need no escaping: `{{name}}` is the text `{name}`.
 */
import { nameHint } from '../nearest-word.ts';

export interface Hole {
  readonly name: string;
  readonly format: Format | null;
  /** As it stands in the text, braces included. */
  readonly text: string;
  /** Its first character, from 1. */
  readonly character: number;
}

/** Texts and holes by turns, in their order. */
export type Template = readonly (string | Hole)[];

/** What a name stands for; a list is written only by `join`, and times have a format. */
export type TemplateValue = string | number | boolean | null | readonly (string | number)[] | Instant;

/** Epoch milliseconds. */
export interface Instant {
  readonly instantMs: number;
}

type Format = (typeof FORMATS)[number];

const FORMATS = ['date', 'time', 'iso', 'unix', 'ms', 'year', 'month', 'day', 'hour', 'join'] as const;
const HOLE = /\{(\{)?([a-zA-Z][\w-]*(?:\.[a-zA-Z][\w-]*)*)(?:\|([a-z]*))?\}(?:\1?\})?/g;

/** The template, or what is wrong with the text and at which of its characters, from 1. */
export function parseTemplate(text: string): Template | { readonly problem: string; readonly character: number } {
  const parts: (string | Hole)[] = [];
  let from = 0;
  for (const match of text.matchAll(HOLE)) {
    const [whole, doubled, name = '', written] = match;
    const end = match.index + whole.length;
    if (doubled !== undefined && whole.endsWith('}}')) {
      parts.push(text.slice(from, match.index), whole.slice(1, -1));
      from = end;
      continue;
    }
    const at = match.index + (doubled === undefined ? 0 : 1);
    const hole = whole.slice(at - match.index, doubled === undefined && whole.endsWith('}}') ? -1 : undefined);
    const format = written === undefined ? null : FORMATS.find((each) => each === written);
    if (format === undefined) {
      const problem = `${hole}: there is no format ${JSON.stringify(written)}; ${nameHint(written ?? '', FORMATS)}`;
      return { problem, character: at + 1 };
    }
    parts.push(text.slice(from, at), { name, format, text: hole, character: at + 1 });
    from = at + hole.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== '');
}

export function holesOf(template: Template): Hole[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part]));
}

/**
 * What is wrong with the names of a template, and where; null when each is known. `known` has names such as
 * `interval.start`, and `params.*` for every name below `params`.
 */
export function unknownHole(
  template: Template,
  known: readonly string[],
): { readonly problem: string; readonly character: number } | null {
  const isKnown = (name: string): boolean =>
    known.some((each) => (each.endsWith('.*') ? name.startsWith(each.slice(0, -1)) : each === name));
  const wrong = holesOf(template).find(({ name }) => !isKnown(name));
  if (wrong === undefined) return null;
  return {
    problem: `${wrong.text}: there is no value ${JSON.stringify(wrong.name)}; ${nameHint(wrong.name, known)}`,
    character: wrong.character,
  };
}

/** A hole has no value, or one that its format can't write. */
export class TemplateError extends Error {
  constructor(hole: Hole, problem: string) {
    super(`${hole.text} ${problem}`);
    this.name = 'TemplateError';
  }
}

/**
 * The text with its holes filled; `escaping` is applied to each value and to each item of a list, such as
 * encodeURIComponent for a URL. Throws a TemplateError.
 */
export function expand(
  template: Template,
  valueFor: (name: string) => TemplateValue | undefined,
  escaping: (text: string) => string = (text) => text,
): string {
  return template
    .map((part) => (typeof part === 'string' ? part : written(part, valueFor(part.name), escaping)))
    .join('');
}

function written(hole: Hole, value: TemplateValue | undefined, escaping: (text: string) => string): string {
  if (value === undefined) throw new TemplateError(hole, 'has no value');
  if (value === null) return '';
  if (isList(value)) {
    if (hole.format !== 'join') throw new TemplateError(hole, `is a list: write {${hole.name}|join}`);
    return value.map((item) => escaping(String(item))).join(',');
  }
  if (typeof value === 'object') return escaping(instantText(hole, value.instantMs));
  if (hole.format !== null && hole.format !== 'join') throw new TemplateError(hole, 'is no time');
  return escaping(String(value));
}

function isList(value: TemplateValue): value is readonly (string | number)[] {
  return Array.isArray(value);
}

/** Times are UTC. Without a format, ISO 8601. */
function instantText(hole: Hole, instantMs: number): string {
  const iso = new Date(instantMs).toISOString();
  switch (hole.format) {
    case 'date':
      return iso.slice(0, 10);
    case 'time':
      return iso.slice(11, 19);
    case 'unix':
      return String(Math.floor(instantMs / 1000));
    case 'ms':
      return String(instantMs);
    case 'year':
      return iso.slice(0, 4);
    case 'month':
      return iso.slice(5, 7);
    case 'day':
      return iso.slice(8, 10);
    case 'hour':
      return iso.slice(11, 13);
    case 'join':
      throw new TemplateError(hole, 'is a time, not a list');
    case 'iso':
    case null:
      return iso;
  }
}
