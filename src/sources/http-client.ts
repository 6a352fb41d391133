/**
 * A bounded GET with the built-in fetch: one deadline for the whole exchange, a cap on the decompressed body, no
 * redirects. Failures are values that say whether asking again makes sense; only the caller's own abort rejects.
 *
 * 408, 425, 429, 5xx and network errors are retryable, every other status is not (RFC 9110, RFC 8470, RFC 6585).
 */

import { DeadlinePassed, nodeTimer, type StartTimer, withinDeadline } from '../deadline.ts';
import { endpointOf } from '../endpoint.ts';
import { fetchCause } from '../fetch-cause.ts';

export interface HttpLimits {
  /** From the connect to the last byte of the body. */
  readonly deadlineMs: number;
  /** Of the body after decompression. */
  readonly maxBytes: number;
}

export interface HttpOk {
  readonly kind: 'ok';
  readonly status: number;
  readonly body: string;
  /** By lower-case name, those that a caller may follow; null for one that the answer does not have. */
  readonly headers: Readonly<Record<(typeof KEPT_HEADERS)[number], string | null>>;
}

const KEPT_HEADERS = ['link', 'etag', 'last-modified'] as const;

export interface HttpFailure {
  readonly kind: 'retryable' | 'permanent';
  readonly reason: string;
  /** null when no answer came. */
  readonly status: number | null;
  /** What the server asked for by Retry-After; null when it asked for nothing. */
  readonly retryAfterMs: number | null;
  /** The body of an error status; null when there was none to read. */
  readonly body: string | null;
}

export type HttpResult = HttpOk | HttpFailure;

/** The way out of the process. */
export interface HttpPort {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
}

const NODE_HTTP: HttpPort = { fetch, startTimer: nodeTimer };

/**
 * A user and password in the URL are sent as HTTP Basic authentication; no message repeats them. A 304 is an answer too,
 * with an empty body: only a request with a condition gets one.
 */
export async function httpGet(
  address: URL,
  limits: HttpLimits,
  nowMs: () => number,
  signal?: AbortSignal,
  http: HttpPort = NODE_HTTP,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResult> {
  const { url, authorization, redact } = endpointOf(address);
  const exchange = async (aborts: AbortSignal): Promise<HttpResult> => {
    const response = await http.fetch(url, {
      redirect: 'error',
      signal: aborts,
      headers: {
        accept: 'application/json',
        'user-agent': 'millrace',
        ...(authorization === null ? {} : { authorization }),
        ...headers,
      },
    });
    const body = await readBody(response, limits.maxBytes);
    if (body === null) return failure('permanent', `The body is larger than ${limits.maxBytes} bytes`, response.status);
    const { status } = response;
    if (response.ok || status === 304) return { kind: 'ok', status, body, headers: keptOf(response.headers) };
    const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'), nowMs());
    const kind = isRetryableStatus(status) ? 'retryable' : 'permanent';
    return {
      ...failure(kind, `HTTP ${status} ${response.statusText}`.trimEnd(), status),
      retryAfterMs,
      body: redact(body),
    };
  };
  try {
    return await withinDeadline(limits.deadlineMs, http.startTimer, signal, exchange);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (error instanceof DeadlinePassed)
      return failure('retryable', `No complete answer within ${limits.deadlineMs} ms`, null);
    const cause = fetchCause(error);
    const kind = cause.includes('unexpected redirect') ? 'permanent' : 'retryable';
    return failure(kind, `The request failed: ${redact(cause)}`, null);
  }
}

function keptOf(headers: Headers): HttpOk['headers'] {
  return { link: headers.get('link'), etag: headers.get('etag'), 'last-modified': headers.get('last-modified') };
}

function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3); null when absent or neither. */
export function parseRetryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const dateMs = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}

/** The body as text, or null when it passes the cap: then the rest is not read. */
async function readBody(response: Response, maxBytes: number): Promise<string | null> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function failure(kind: HttpFailure['kind'], reason: string, status: number | null): HttpFailure {
  return { kind, reason, status, retryAfterMs: null, body: null };
}
