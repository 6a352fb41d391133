/**
 * Runs a fetch by declaration over HTTP. It remembers the rows that it brought, and asks with a condition for answers
 * that did not change.
 */
import {
  type DeclaredOutcome,
  type FetchDeclaration,
  type FetchPorts,
  fetchDeclared,
  type GetOutcome,
  type Values,
} from '../../fetching/declared-fetch.ts';
import type { HostRates } from '../../fetching/host-rates.ts';
import { nothingKnown, remember, unknownOf } from '../../fetching/known-values.ts';
import type { EventType } from '../../messages/codec.ts';
import { type DynamicEvent, dynamicEventType } from '../../messages/codec.ts';
import { createJsonDecoder } from '../../messages/json.ts';
import type { TimeOptions } from '../../messages/times.ts';
import { type HttpPort, httpGet } from '../http-client.ts';
import type { Plan, Target } from './declaration.ts';

export interface DeclaredHost {
  readonly nowMs: () => number;
  readonly http: HttpPort;
  /** Of one attempt, and so of each of its requests. */
  readonly timeoutMs: number;
  readonly rates: HostRates;
  readonly times: TimeOptions;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  replay(type: EventType<DynamicEvent>, each: (event: DynamicEvent) => void): Promise<void>;
  deliver(type: EventType<DynamicEvent>, events: readonly DynamicEvent[]): Promise<void>;
}

/** What an attempt found that is new. */
export type Fetched =
  | {
      readonly kind: 'fetched';
      readonly records: number;
      readonly requests: number;
      /** Resolves once all of it is durable. */
      deliver(): Promise<void>;
    }
  | Exclude<DeclaredOutcome, { readonly kind: 'fetched' }>;

export interface DeclaredRun {
  recover(): Promise<void>;
  attempt(values: Values, signal: AbortSignal): Promise<Fetched>;
}

/** Rows that a fetch remembers, so that it does not repeat them. */
const KNOWN_BOUND = 500_000;
/** Addresses whose validators are remembered. */
const VALIDATORS_BOUND = 10_000;

interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export function openDeclared(
  { declaration, key, values, maxBytes }: Plan,
  target: Target,
  host: DeclaredHost,
): DeclaredRun {
  const type = dynamicEventType(target.schema);
  const decoder = createJsonDecoder(target.schema, target.key ?? '', host.times);
  const known = nothingKnown(key, values, KNOWN_BOUND);
  /** By address, of answers whose events are durable. */
  const validators = new Map<string, Validators>();
  const limits = { deadlineMs: host.timeoutMs, maxBytes };

  return {
    recover: () => host.replay(type, (event) => remember(known, [event])),
    async attempt(namedValues, signal) {
      const seen = new Map<string, Validators>();
      const ports: FetchPorts = {
        nowMs: host.nowMs,
        sleep: host.sleep,
        rates: host.rates,
        decoder,
        get: (url, headers, aborts) => conditionalGet(url, headers, aborts, seen),
      };
      const outcome = await fetchDeclared(declaration, namedValues, ports, signal);
      if (outcome.kind !== 'fetched') return outcome;
      const news = unknownOf(known, outcome.events);
      return {
        kind: 'fetched',
        records: news.length,
        requests: outcome.requests,
        async deliver() {
          if (news.length > 0) await host.deliver(type, news);
          // Only what is durable: whatever failed meanwhile, the next attempt must bring the rest.
          remember(known, news);
          for (const [url, validator] of seen) validators.set(url, validator);
          for (const url of validators.keys()) {
            if (validators.size <= VALIDATORS_BOUND) break;
            validators.delete(url);
          }
        },
      };
    },
  };

  async function conditionalGet(
    url: URL,
    headers: FetchDeclaration['headers'],
    signal: AbortSignal,
    seen: Map<string, Validators>,
  ): Promise<GetOutcome> {
    // A page that did not change does not say where the next one is.
    const before = declaration.paging === null ? validators.get(url.href) : undefined;
    const sent: Record<string, string> = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
    if (before?.etag != null) sent['if-none-match'] = before.etag;
    if (before?.lastModified != null) sent['if-modified-since'] = before.lastModified;
    const got = await httpGet(url, limits, host.nowMs, signal, host.http, sent);
    if (got.kind !== 'ok') return got;
    if (got.status === 304) return { kind: 'unchanged' };
    const { etag, link, 'last-modified': lastModified } = got.headers;
    if (etag !== null || lastModified !== null) seen.set(url.href, { etag, lastModified });
    return { kind: 'ok', body: got.body, link };
  }
}
