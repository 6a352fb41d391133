/** `fetch: { url: …, map: … }` of a job: rows of an HTTP API, by declaration. */
import { formatDuration, formatSize } from '../../keys/units.ts';
import { fetchAdapter } from '../fetch-adapter.ts';
import { declarationOf, planOf } from './declaration.ts';
import { declaredFetchSchema, withoutSecrets } from './settings.ts';
import { declaredStep } from './step.ts';

const INTERVAL = ['interval.start', 'interval.end'];

export const declaredFetch = fetchAdapter({
  kind: 'declared',
  isBare: true,
  schema: declaredFetchSchema,
  derive: (raw) => raw,
  locate: (raw, resolve) => (typeof raw.places === 'string' ? { ...raw, places: resolve(raw.places) } : raw),
  print: (raw) => ({
    ...withoutKind(raw),
    rate: raw.rate === null ? null : { ...raw.rate, per: formatDuration(raw.rate.per) },
    waits: Object.fromEntries(Object.entries(raw.waits).map(([word, periodMs]) => [word, formatDuration(periodMs)])),
    retryAfterMax: formatDuration(raw.retryAfterMax),
    maxBytes: formatSize(raw.maxBytes),
  }),
  redact: withoutSecrets,
  check(raw, { into, params, isMapped }, report) {
    const known = [...INTERVAL, ...params.map((name) => `params.${name}`), ...(isMapped ? ['item'] : [])];
    if (into !== null) declarationOf(raw, into, known, report);
  },
  refuses: () => null,
  open: (raw, host) => declaredStep(planOf(raw, host.into), host),
});

function withoutKind(raw: object): object {
  const { kind: _, ...rest } = { kind: '', ...raw };
  return rest;
}
