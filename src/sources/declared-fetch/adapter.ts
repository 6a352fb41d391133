/** `fetch: { url: …, map: … }` of a job: rows of an HTTP API, by declaration. */
import type { TemplateValue } from '../../jobs/template.ts';
import type { Report } from '../../keys/names.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import type { StepContext } from '../../steps/step.ts';
import { fetchAdapter, type Into } from '../fetch-adapter.ts';
import { declarationOf, type Plan } from './declaration.ts';
import { openDeclared } from './run.ts';
import { type DeclaredFetchRaw, declaredFetchSchema, withoutSecrets } from './settings.ts';

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
  open(raw, host) {
    const run = openDeclared(planOf(raw, host.into), host.into, {
      ...host,
      times: host.into.times,
      async sleep(ms, signal) {
        await host.sleep(ms, signal);
        signal.throwIfAborted();
      },
    });
    return {
      recover: () => run.recover(),
      async attempt(context, signal) {
        const outcome = await run.attempt((name) => namedValue(context, name), signal);
        if (outcome.kind !== 'fetched') return outcome;
        const { records, requests, deliver } = outcome;
        context.log('info', `${requests} requests, ${records} new rows`, { requests, records });
        return { kind: 'done', records, output: { records, requests }, publish: deliver };
      },
    };
  },
});

/** Names are checked when the file is read; here they are all of one kind. */
function planOf(raw: DeclaredFetchRaw, into: Into): Plan {
  const faults: string[] = [];
  const note: Report = (path, message) => void faults.push(`${path.join('.')}: ${message}`);
  const plan = declarationOf(raw, into, [...INTERVAL, 'params.*', 'item'], note);
  // A file of places may have changed since.
  if (plan === null) throw new Error(`The fetch into ${into.name} can't run: ${faults.join('; ')}`);
  return plan;
}

function namedValue({ interval, params, item }: StepContext, name: string): TemplateValue | undefined {
  if (name === 'interval.start') return { instantMs: interval.start };
  if (name === 'interval.end') return { instantMs: interval.end };
  const value = name === 'item' ? item?.value : params[name.replace(/^params\./, '')];
  return isValue(value) ? value : value === undefined ? undefined : JSON.stringify(value);
}

function isValue(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function withoutKind(raw: object): object {
  const { kind: _, ...rest } = { kind: '', ...raw };
  return rest;
}
