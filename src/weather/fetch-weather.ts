/**
 * One attempt at fetching weather: the request, an HTTP GET through a port, and what its outcome means. Failures are
 * values: `retryable` ones say how long the provider asks to wait, if it does.
 */
import { parseJson } from '../fetching/answer.ts';
import type { WeatherObservation } from './observation.ts';
import { quotaWaitMs } from './quota.ts';
import { type ForecastRequest, forecastUrl } from './request.ts';
import { errorReason, readForecast } from './response.ts';
import { WEATHER_VARIABLES } from './variables.ts';

/** The outcome of a bounded GET, such as sources/http-client.ts has. */
export type HttpOutcome =
  | { readonly kind: 'ok'; readonly body: string }
  | {
      readonly kind: 'retryable';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      /** The body of an error status; null when there was none to read. */
      readonly body: string | null;
    }
  | { readonly kind: 'permanent'; readonly reason: string; readonly body: string | null };

export type FetchOutcome =
  | { readonly kind: 'fetched'; readonly observations: readonly WeatherObservation[] }
  | { readonly kind: 'retryable'; readonly reason: string; readonly waitMs: number | null }
  | { readonly kind: 'permanent'; readonly reason: string };

/** The longest wait that a header may ask for. The wait for a quota, by the provider's clock, may be a day. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface WeatherFetchPorts {
  get(url: URL, signal: AbortSignal): Promise<HttpOutcome>;
  nowMs(): number;
}

export async function fetchWeather(
  request: ForecastRequest,
  provider: string,
  ports: WeatherFetchPorts,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const url = forecastUrl(request);
  const outcome = await ports.get(url, signal);
  const fetchedAt = ports.nowMs();
  const where = `${url.origin}${url.pathname}`;
  if (outcome.kind === 'ok') {
    const { places } = request;
    const answer = readForecast(outcome.body, { provider, places, variables: WEATHER_VARIABLES, fetchedAt });
    switch (answer.kind) {
      case 'observations':
        return { kind: 'fetched', observations: answer.observations };
      case 'retryable':
        return { kind: 'retryable', reason: `${where}: ${answer.reason}`, waitMs: null };
      case 'permanent':
        return { kind: 'permanent', reason: `${where}: ${answer.reason}` };
    }
  }
  const said = outcome.body === null ? null : errorReason(parseJson(outcome.body));
  const reason = `${where}: ${outcome.reason}${said === null ? '' : `: ${said}`}`;
  if (outcome.kind === 'permanent') return { kind: 'permanent', reason };
  return { kind: 'retryable', reason, waitMs: askedWaitMs(outcome.retryAfterMs) ?? quotaWaitMs(said ?? '', fetchedAt) };
}

function askedWaitMs(retryAfterMs: number | null): number | null {
  return retryAfterMs === null ? null : Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
}
