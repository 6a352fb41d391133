/**
 * Posts events as JSON to a URL, under one deadline for the whole exchange: each alone under its own Idempotency-Key,
 * or several as an array, whose key names the first and the last.
 *
 * Only 2xx counts as taken. Messages name the host, never the URL or a part of it that an answer repeats
 * (src/endpoint.ts).
 */
import { DeadlinePassed, nodeTimer, type StartTimer, withinDeadline } from '../../deadline.ts';
import { type Endpoint, endpointOf } from '../../endpoint.ts';
import { fetchCause } from '../../fetch-cause.ts';
import { DeliveryError, type DeliveryFault, jsonWithId, type Sink, type SinkEvent } from '../sink.ts';

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** What one request has at most. One event is posted as it is; where more are allowed, the body is an array. */
  readonly batch?: Sink['batch'];
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the events' own JSON. */
  readonly bodyOf?: (events: readonly SinkEvent[]) => string;
  /** For connecting, sending and the answer together. */
  readonly deadlineMs?: number;
  readonly http?: HttpPort;
}

/** The way out of the process. */
export interface HttpPort {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
}

const NODE_HTTP: HttpPort = { fetch, startTimer: nodeTimer };

const DEFAULT_DEADLINE_MS = 10_000;
const ONE_EVENT: Sink['batch'] = { events: 1, bytes: 1024 * 1024 };

/** 4xx that say "not now" rather than "never": Request Timeout, Too Early, Too Many Requests (RFC 9110, 8470, 6585). */
const TRANSIENT_CLIENT_STATUS: readonly number[] = [408, 425, 429];
/** Of the answer, in the error's message. */
const MAX_ANSWER_CHARS = 200;

export function webhookSink(options: WebhookOptions): Sink {
  const { name, batch = ONE_EVENT, headers = {}, deadlineMs = DEFAULT_DEADLINE_MS, http = NODE_HTTP } = options;
  const endpoint = endpointOf(options.url);
  const { url, authorization, redact } = endpoint;
  const authenticated = authorization === null ? headers : { authorization, ...headers };
  return {
    name,
    batch,
    async deliver(events, signal) {
      const { key, body: own } = batch.events === 1 ? alone(events) : together(events);
      const body = options.bodyOf?.(events) ?? own;
      const exchange = async (aborts: AbortSignal): Promise<void> => {
        const response = await http.fetch(url, {
          method: 'POST',
          headers: {
            ...authenticated,
            'content-type': 'application/json',
            'idempotency-key': key,
            ...events[0]?.trace,
          },
          body,
          // Never followed: an event goes where the configuration says, and nowhere that an answer says.
          redirect: 'manual',
          signal: aborts,
        });
        if (response.ok) await response.body?.cancel();
        else throw await refusal(endpoint, response);
      };
      try {
        await withinDeadline(deadlineMs, http.startTimer, signal, exchange);
      } catch (error) {
        if (error instanceof DeliveryError) throw error;
        if (error instanceof DeadlinePassed) {
          throw new DeliveryError({ kind: 'transient' }, `${url.host} did not answer within ${deadlineMs} ms`, error);
        }
        throw new DeliveryError(
          { kind: 'transient' },
          `${url.host} could not be reached: ${redact(fetchCause(error))}`,
        );
      }
    },
  };
}

interface Content {
  readonly key: string;
  readonly body: string;
}

function alone([event]: readonly SinkEvent[]): Content {
  return { key: event?.id ?? '', body: event?.json ?? '' };
}

/** Two attempts at the same events have the same key. After a restart they may be cut otherwise: each event has its own. */
function together(events: readonly SinkEvent[]): Content {
  const key = `${events[0]?.id ?? ''}..${events.at(-1)?.id ?? ''}`;
  return { key, body: `[${events.map(jsonWithId).join(',\n')}]` };
}

async function refusal({ url, redact }: Endpoint, response: Response): Promise<DeliveryError> {
  const { status } = response;
  const answer = redact(await startOf(response));
  if (status >= 300 && status < 400) {
    const hint = 'redirects are not followed; configure the final URL of the webhook';
    return new DeliveryError({ kind: 'permanent', status }, `${url.host} answered ${status}: ${hint}`);
  }
  const clientError = status >= 400 && status < 500 && !TRANSIENT_CLIENT_STATUS.includes(status);
  const fault: DeliveryFault = clientError ? { kind: 'permanent', status } : { kind: 'transient' };
  return new DeliveryError(fault, `${url.host} answered ${status}${answer === '' ? '' : `: ${answer}`}`);
}

/** The first chunk says what is wrong; the rest is not waited for. */
async function startOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const { value } = await reader.read();
  await reader.cancel();
  const text = new TextDecoder().decode(value ?? new Uint8Array());
  return text.replace(/\s+/g, ' ').trim().slice(0, MAX_ANSWER_CHARS);
}
