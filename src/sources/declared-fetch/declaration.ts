/** Turns the settings into a fetch that can run, or says which setting is wrong. */
import { readFileSync } from 'node:fs';
import type { FetchDeclaration, Place } from '../../fetching/declared-fetch.ts';
import type { FieldSource } from '../../fetching/field-map.ts';
import { type JsonPath, parsePath } from '../../fetching/json-path.ts';
import type { Paging } from '../../fetching/paging.ts';
import { placesOf } from '../../fetching/places.ts';
import { holesOf, parseTemplate, type Template, unknownHole } from '../../jobs/template.ts';
import { fieldOf, type Report, unknownField } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import type { CsvDecoder } from '../../messages/csv.ts';
import { dialectOf, RFC_4180 } from '../../messages/csv-options.ts';
import { cellsOf, textDecoder } from '../../messages/csv-texts.ts';
import { createRecordSplitter } from '../csv-records.ts';
import type { DeclaredFetchRaw, RawField } from './settings.ts';

/** The stream that the fetch brings events into. */
export interface Target {
  readonly schema: AvroRecord;
  readonly key: string | null;
  readonly eventTime: string;
}

/** What runs. */
export interface Plan {
  readonly declaration: FetchDeclaration;
  /** Fields that name a row, and those that make it news. */
  readonly key: readonly string[];
  readonly values: readonly string[];
  /** Of one answer, unpacked. */
  readonly maxBytes: number;
}

const JOINED_PLACES = 100;
/** An empty cell of a place is no value, which is decided when all of its column is known. */
const TEXTS = { ...RFC_4180, nulls: [] };

/** Null when something can't hold, which is reported, by paths from the fetch. */
export function declarationOf(
  raw: DeclaredFetchRaw,
  { schema, key, eventTime }: Target,
  known: readonly string[],
  report: Report,
): Plan | null {
  let sound = true;
  const wrong: Report = (path, message, character) => {
    sound = false;
    report(path, message, character);
  };
  const places = readPlaces(raw.places, wrong);
  const placeNames = Object.keys(places[0] ?? {}).map((name) => `place.${name}`);
  const url = templateOf(raw.url, [...known, ...placeNames], ['url'], wrong);
  checkAddress(raw.url, wrong);
  const map = Object.entries(raw.map).map(([field, written]) => {
    if (fieldOf(schema, field) === undefined) wrong(['map', field], unknownField(schema, field));
    return { field, from: sourceOf(written, [...known, ...placeNames, 'fetchedAt'], ['map', field], wrong) };
  });
  for (const { name, default: fallback } of schema.fields) {
    if (fallback !== undefined || Object.hasOwn(raw.map, name)) continue;
    wrong(['map'], `${name} of ${schema.name} has no default: say where its value stands`);
  }
  const naturalKey = raw.key ?? [...new Set([...(key === null ? [] : [key]), eventTime])];
  for (const name of raw.key ?? []) if (fieldOf(schema, name) === undefined) wrong(['key'], unknownField(schema, name));
  const joins = url !== null && holesOf(url).some(({ format }) => format === 'join');
  const batch = raw.batch ?? (joins ? JOINED_PLACES : 1);
  if (batch > 1 && places.length > 1 && !joins) {
    wrong(['batch'], 'a URL about several places names them as a list, such as {place.latitude|join}');
  }
  const declaration: FetchDeclaration = {
    url: url ?? [],
    headers: Object.entries(raw.headers).map(([name, value]) => ({ name, value })),
    places,
    batch,
    form: {
      rows: pathOf(raw.rows, ['rows'], wrong),
      requires: Object.entries(raw.units).map(([name, value]) => ({
        path: pathOf(name, ['units', name], wrong),
        name,
        value,
      })),
      error: {
        when: pathOf(raw.error.when, ['error', 'when'], wrong),
        reason: pathOf(raw.error.reason, ['error', 'reason'], wrong),
      },
    },
    map,
    paging: pagingOf(raw.pages, wrong),
    maxPages: raw.pages?.max ?? 1,
    rate: raw.rate === null ? null : { limit: raw.rate.limit, perMs: raw.rate.per },
    weight: raw.rate?.weight ?? 1,
    waits: Object.entries(raw.waits).map(([word, periodMs]) => ({ word, periodMs })),
    retryAfterMaxMs: raw.retryAfterMax,
    untilNow: raw.past ? eventTime : null,
    allow: raw.allow.map((origin) => new URL(origin).origin),
  };
  // A field that says when it was fetched is another each time.
  const saysWhen = map.flatMap(({ field, from }) =>
    from.kind === 'template' && holesOf(from.template).some(({ name }) => name === 'fetchedAt') ? [field] : [],
  );
  const values = schema.fields.map(({ name }) => name).filter((name) => ![...naturalKey, ...saysWhen].includes(name));
  return sound ? { declaration, key: naturalKey, values, maxBytes: raw.maxBytes } : null;
}

/** Of settings that were checked when the file was read; names of values are of one kind here. Throws in words for people. */
export function planOf(raw: DeclaredFetchRaw, into: Target & { readonly name: string }): Plan {
  const faults: string[] = [];
  const note: Report = (path, message) => void faults.push(`${path.join('.')}: ${message}`);
  const plan = declarationOf(raw, into, ['interval.start', 'interval.end', 'params.*', 'item'], note);
  // A file of places may have changed since.
  if (plan === null) throw new Error(`The fetch into ${into.name} can't run: ${faults.join('; ')}`);
  return plan;
}

function readPlaces(places: DeclaredFetchRaw['places'], wrong: Report): readonly Place[] {
  if (places === null) return [];
  if (typeof places !== 'string') return places;
  const rows: (readonly string[])[] = [];
  let decoder: CsvDecoder | null = null;
  const fault = (line: number, problem: string): void => wrong(['places'], `${places}, line ${line}: ${problem}`);
  function take(bytes: Buffer, line: number): void {
    if (decoder === null) {
      const titles = cellsOf(bytes, TEXTS);
      if ('problem' in titles) {
        fault(line, titles.problem);
        return;
      }
      decoder = textDecoder(titles.length, TEXTS);
      rows.push(titles);
    } else {
      const decoded = decoder.row(bytes);
      if (decoded.ok) rows.push(Object.values(decoded.event).map(String));
      else fault(line, decoded.detail);
    }
  }
  try {
    const splitter = createRecordSplitter(
      { record: take, tooLong: (_, length, line) => fault(line, `is ${length} bytes long`) },
      dialectOf(RFC_4180),
    );
    splitter.push(readFileSync(places));
    splitter.end();
  } catch (error) {
    wrong(['places'], `${places} can't be read: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  if (rows.length < 2) wrong(['places'], `${places} has no places: a header, and a line for each, are expected`);
  return placesOf(rows);
}

/** The host is the configuration's own word, never that of a place or a parameter. */
function checkAddress(text: string, wrong: Report): void {
  const [, origin] = /^(https?:\/\/[^/?#]*)/i.exec(text) ?? [];
  if (origin === undefined) wrong(['url'], 'is no URL such as https://host/path?day={interval.start|date}');
  else if (origin.includes('{')) wrong(['url'], 'has a value in its host: the host is written out');
  else if (!URL.canParse(origin)) wrong(['url'], `${JSON.stringify(origin)} is no origin such as https://host`);
}

function templateOf(text: string, known: readonly string[], at: readonly string[], wrong: Report): Template | null {
  const template = parseTemplate(text);
  const fault = 'problem' in template ? template : unknownHole(template, known);
  if (fault !== null) wrong(at, fault.problem, fault.character);
  return 'problem' in template ? null : template;
}

function sourceOf(written: RawField, known: readonly string[], at: readonly string[], wrong: Report): FieldSource {
  if (typeof written !== 'string') {
    if ('value' in written) return { kind: 'value', value: written.value };
    const { time, offset } = written;
    const path = pathOf(written.path, at, wrong);
    if (time !== 'local') return { kind: 'row', path, time: { kind: time } };
    return { kind: 'row', path, time: { kind: 'local', offset: pathOf(offset ?? '', [...at, 'offset'], wrong) } };
  }
  const template = templateOf(written, known, at, wrong);
  if (template !== null && holesOf(template).length > 0) return { kind: 'template', template };
  if (written.startsWith('$.')) return { kind: 'item', path: pathOf(written.slice(2), at, wrong), time: null };
  return { kind: 'row', path: pathOf(written, at, wrong), time: null };
}

function pagingOf(pages: DeclaredFetchRaw['pages'], wrong: Report): Paging | null {
  if (pages === null) return null;
  if ('link' in pages) return { kind: 'link' };
  if ('next' in pages) return { kind: 'next', path: pathOf(pages.next, ['pages', 'next'], wrong) };
  if ('page' in pages) return { kind: 'page', parameter: pages.page, first: pages.first };
  return { kind: 'cursor', path: pathOf(pages.cursor, ['pages', 'cursor'], wrong), parameter: pages.parameter };
}

function pathOf(text: string, at: readonly string[], wrong: Report): JsonPath {
  const path = parsePath(text);
  if (path === null) wrong(at, `${JSON.stringify(text)} is no path such as data.items[0].name`);
  return path ?? [];
}
