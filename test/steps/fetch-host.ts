/** What a fetch of weather is lent, for tests that attempt it alone. */
import { nodeTimer } from '../../src/deadline.ts';
import { createHostRates } from '../../src/fetching/host-rates.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';
import type { FetchHost } from '../../src/sources/fetch-adapter.ts';
import { weatherObservationType } from '../../src/weather/observation.ts';

export function weatherHost(change: Partial<FetchHost>): FetchHost {
  return {
    nowMs: Date.now,
    sleep: async () => {},
    http: { fetch, startTimer: nodeTimer },
    rates: createHostRates(),
    into: {
      name: 'weather.observations',
      schema: weatherObservationType.schema,
      key: 'place',
      eventTime: 'observedAt',
      times: ISO_TIMES,
    },
    timeoutMs: 30_000,
    serverUrl: () => '',
    replay: async () => {},
    deliver: async () => {},
    ...change,
  };
}
