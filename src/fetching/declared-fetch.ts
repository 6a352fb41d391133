/**
 * One attempt at a fetch that the pipeline file declares: the requests of an interval, over places and pages, and what their
 * answers mean. Failures are values; `retryable` ones say how long the other side asks to wait, if it does. Nothing is
 * handed on of an attempt that fails: its next one asks for all of it again.
 */
import { expand, type Template, TemplateError, type TemplateValue } from '../jobs/template.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import type { JsonDecoder } from '../messages/json.ts';
import { type AnswerForm, errorOf, parseJson, readAnswer } from './answer.ts';
import { type FieldMap, mapped } from './field-map.ts';
import type { HostRates, Rate } from './host-rates.ts';
import { firstPage, nextPage, type Paging } from './paging.ts';

export type Place = Readonly<Record<string, string | number | null>>;

export interface FetchDeclaration {
  readonly url: Template;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Empty: the fetch is about no places. */
  readonly places: readonly Place[];
  /** Places that one request is about. */
  readonly batch: number;
  readonly form: AnswerForm;
  readonly map: readonly FieldMap[];
  readonly paging: Paging | null;
  /** Pages of one request: more are refused. */
  readonly maxPages: number;
  readonly rate: Rate | null;
  /** Of one request, for each of its places. */
  readonly weight: number;
  /** Words of a refusal, and the period of the limit that they name: counters start again on the UTC clock. */
  readonly waits: readonly { readonly word: string; readonly periodMs: number }[];
  /** The longest wait that a header may ask for. */
  readonly retryAfterMaxMs: number;
  /** The field by which rows that lie after the request are left out, such as a forecast's; null keeps all. */
  readonly untilNow: string | null;
  /** Origins of pages, beside that of the request. */
  readonly allow: readonly string[];
}

/** The outcome of a bounded GET, such as sources/http-client.ts has. */
export type GetOutcome =
  | { readonly kind: 'ok'; readonly body: string; readonly link: string | null }
  /** As it was when it was asked last, and what it brought then is durable. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'retryable' | 'permanent';
      readonly reason: string;
      readonly status: number | null;
      readonly retryAfterMs: number | null;
      readonly body: string | null;
    };

export interface FetchPorts {
  get(url: URL, headers: FetchDeclaration['headers'], signal: AbortSignal): Promise<GetOutcome>;
  nowMs(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly rates: HostRates;
  readonly decoder: JsonDecoder;
}

/** What texts of the declaration may name, beside `place.*` and `fetchedAt`. */
export type Values = (name: string) => TemplateValue | undefined;

export type DeclaredOutcome =
  | { readonly kind: 'fetched'; readonly events: readonly DynamicEvent[]; readonly requests: number }
  | { readonly kind: 'retryable'; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };

type Failure = Exclude<DeclaredOutcome, { kind: 'fetched' }>;

export async function fetchDeclared(
  declaration: FetchDeclaration,
  values: Values,
  ports: FetchPorts,
  signal: AbortSignal,
): Promise<DeclaredOutcome> {
  const events: DynamicEvent[] = [];
  let requests = 0;
  for (const places of batches(declaration)) {
    let url: URL | null;
    try {
      const text = expand(declaration.url, batchValues(values, places), encodeURIComponent);
      if (!URL.canParse(text)) return permanent(`The URL ${JSON.stringify(text.slice(0, 200))} is none`);
      url = firstPage(declaration.paging, new URL(text));
    } catch (error) {
      if (error instanceof TemplateError) return permanent(error.message);
      throw error;
    }
    const { origin } = url;
    for (let page = 1; url !== null; page++) {
      if (page > declaration.maxPages) return permanent(`${where(url)}: more than ${declaration.maxPages} pages`);
      const turn = await waitTurn(url.host, declaration, places.length, ports, signal);
      if (turn !== null) return turn;
      const got = await ports.get(url, declaration.headers, signal);
      requests++;
      const read = readPage(got, url, declaration, places, values, ports);
      if (read.kind !== 'page') return read;
      events.push(...read.events);
      const next: ReturnType<typeof nextPage> = nextPage(declaration.paging, { url, ...read });
      if (next !== null && 'reason' in next) return permanent(`${where(url)}: ${next.reason}`);
      if (next !== null && next.origin !== origin && !declaration.allow.includes(next.origin)) {
        return permanent(`${where(url)}: the next page is at ${next.origin}, which \`allow\` does not name`);
      }
      url = next;
    }
  }
  return { kind: 'fetched', events, requests };
}

/** One batch without places where the fetch is about none. */
function batches({ places, batch }: FetchDeclaration): (readonly Place[])[] {
  if (places.length === 0) return [[]];
  return Array.from({ length: Math.ceil(places.length / batch) }, (_, n) => places.slice(n * batch, (n + 1) * batch));
}

/** `place.NAME` is a list for a request about several. */
function batchValues(values: Values, places: readonly Place[]): Values {
  const [only] = places;
  return (name) => {
    if (only === undefined || !name.startsWith('place.')) return values(name);
    const field = name.slice('place.'.length);
    return places.length === 1 ? only[field] : places.map((place) => place[field] ?? '');
  };
}

/** Waits until the host may be asked; a wait that is long ends the attempt, whose retry is a timer that a restart keeps. */
async function waitTurn(
  host: string,
  { rate, weight }: FetchDeclaration,
  places: number,
  ports: FetchPorts,
  signal: AbortSignal,
): Promise<Failure | null> {
  for (;;) {
    const waitMs = ports.rates.take(host, rate, weight * Math.max(1, places), ports.nowMs());
    if (waitMs === 0) return null;
    if (waitMs > LONGEST_TURN_MS) {
      return { kind: 'retryable', reason: `${host} is left alone for ${Math.ceil(waitMs / 1000)} s`, waitMs };
    }
    await ports.sleep(waitMs, signal);
  }
}

const LONGEST_TURN_MS = 5_000;

interface ReadPage {
  readonly kind: 'page';
  readonly events: readonly DynamicEvent[];
  readonly parsed: unknown;
  readonly link: string | null;
  readonly rows: number;
}

function readPage(
  got: GetOutcome,
  url: URL,
  declaration: FetchDeclaration,
  places: readonly Place[],
  values: Values,
  ports: FetchPorts,
): ReadPage | Failure {
  const fetchedAt = ports.nowMs();
  if (got.kind === 'unchanged') {
    ports.rates.succeeded(url.host);
    return { kind: 'page', events: [], parsed: null, link: null, rows: 0 };
  }
  if (got.kind !== 'ok') return refusal(got, url, declaration, fetchedAt, ports);
  ports.rates.succeeded(url.host);
  const answer = readAnswer(got.body, declaration.form, places.length === 0 ? null : places.length);
  if (answer.kind !== 'rows') {
    const reason = `${where(url)}: ${answer.reason}`;
    return answer.kind === 'permanent' ? permanent(reason) : { kind: 'retryable', reason, waitMs: null };
  }
  const events: DynamicEvent[] = [];
  for (const row of answer.rows) {
    const place = places[row.place];
    const event = mapped(declaration.map, row, (name) => rowValue(name, place, fetchedAt, values));
    const decoded = ports.decoder.value(event);
    if (!decoded.ok) return permanent(`${where(url)}: row ${events.length + 1}: ${decoded.detail}`);
    const at = declaration.untilNow === null ? null : decoded.event[declaration.untilNow];
    if (typeof at === 'number' && at > fetchedAt) continue;
    events.push(decoded.event);
  }
  const { link } = got;
  // Only a next page is looked for in it.
  const parsed = declaration.paging === null ? null : parseJson(got.body);
  return { kind: 'page', events, parsed, link, rows: answer.rows.length };
}

function rowValue(name: string, place: Place | undefined, fetchedAt: number, values: Values) {
  if (name === 'fetchedAt') return { instantMs: fetchedAt };
  if (name.startsWith('place.')) return place?.[name.slice('place.'.length)];
  return values(name);
}

function refusal(
  got: Exclude<GetOutcome, { kind: 'ok' | 'unchanged' }>,
  url: URL,
  { form, waits, retryAfterMaxMs }: FetchDeclaration,
  nowMs: number,
  { rates }: FetchPorts,
): Failure {
  const isOfHost = got.status === null || got.status >= 500;
  if (isOfHost && got.kind === 'retryable') rates.failed(url.host, nowMs);
  const said = got.body === null ? null : errorOf(parseJson(got.body), form.error);
  const reason = `${where(url)}: ${got.reason}${said === null ? '' : `: ${said}`}`;
  if (got.kind === 'permanent') return permanent(reason);
  const limit = said === null ? undefined : waits.find(({ word }) => said.toLowerCase().includes(word.toLowerCase()));
  const limitMs = limit === undefined ? null : limit.periodMs - (nowMs % limit.periodMs);
  const askedMs = got.retryAfterMs === null ? null : Math.min(got.retryAfterMs, retryAfterMaxMs);
  return { kind: 'retryable', reason, waitMs: askedMs ?? limitMs };
}

function permanent(reason: string): Failure {
  return { kind: 'permanent', reason };
}

/** Without query and user: these may hold secrets. */
function where({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
