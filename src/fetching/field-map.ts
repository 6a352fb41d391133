/**
 * Makes a value of each field of a stream from a row of an answer, by declaration: a path in the row, a path from the item
 * that it stands in (`$.elevation`), a constant, or a text with places to fill (`{place.name}`).
 */
import { expand, type Template, type TemplateValue } from '../jobs/template.ts';
import type { AnswerRow } from './answer.ts';
import { type JsonPath, valueAt } from './json-path.ts';

export type FieldSource =
  | { readonly kind: 'row' | 'item'; readonly path: JsonPath; readonly time: TimeForm | null }
  | { readonly kind: 'value'; readonly value: unknown }
  /** A text that is one hole alone gives its value as it is: a number stays one. */
  | { readonly kind: 'template'; readonly template: Template };

/** How the answer writes a time, where that is not how the stream's inputs have it. */
export type TimeForm =
  | { readonly kind: 'seconds' | 'millis' }
  /** A clock's `2026-05-01T10:00`, and where the item says by how many seconds that clock is ahead of UTC: for all its times. */
  | { readonly kind: 'local'; readonly offset: JsonPath };

export interface FieldMap {
  readonly field: string;
  readonly from: FieldSource;
}

/** What a row of JSON would be for the stream; what the answer does not have is left out, so that the schema's default counts. */
export function mapped(
  fields: readonly FieldMap[],
  { row, item }: AnswerRow,
  valueFor: (name: string) => TemplateValue | undefined,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const { field, from } of fields) {
    const value = valueOfField(from, row, item, valueFor);
    if (value !== undefined) event[field] = value;
  }
  return event;
}

function valueOfField(
  from: FieldSource,
  row: unknown,
  item: unknown,
  valueFor: (name: string) => TemplateValue | undefined,
): unknown {
  switch (from.kind) {
    case 'value':
      return from.value;
    case 'template':
      return filled(from.template, valueFor);
    case 'row':
      return timeOr(valueAt(row, from.path), from.time, item);
    case 'item':
      return timeOr(valueAt(item, from.path), from.time, item);
  }
}

/** Numbers and texts stay what they are where they are all of the text, and a time is epoch milliseconds. */
function filled(template: Template, valueFor: (name: string) => TemplateValue | undefined): unknown {
  const [only] = template;
  if (template.length === 1 && typeof only === 'object' && only.format === null) {
    const value = valueFor(only.name);
    if (value === null || typeof value !== 'object') return value;
    if ('instantMs' in value) return value.instantMs;
  }
  return expand(template, valueFor);
}

/** Epoch milliseconds; a value that is no time of the form stays, so that the schema's reader says what it is. */
function timeOr(value: unknown, form: TimeForm | null, item: unknown): unknown {
  if (form?.kind === 'seconds' && typeof value === 'number') return Math.round(value * 1000);
  if (form?.kind !== 'local' || typeof value !== 'string') return value;
  const offset = valueAt(item, form.offset);
  if (typeof offset !== 'number' || !LOCAL.test(value)) return value;
  const atMs = Date.parse(`${value}Z`);
  return Number.isNaN(atMs) ? value : atMs - offset * 1000;
}

const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/;
