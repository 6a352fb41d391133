/** `load: { fetch: { openMeteo: … }, into: STREAM }`: brings what is new elsewhere into a stream that the job feeds. */
import { z } from 'zod';
import { FETCHES } from '../sources/fetches.ts';
import { stepAdapter } from './adapter.ts';
import { intoStream } from './into-stream.ts';

type Given<Form> = Form extends z.ZodType<infer Settings> ? Settings : never;
type FetchSettings = Given<(typeof FETCHES)[number]['form']>;

/** What the step fetches, and into which stream. */
export interface FetchStepSettings {
  readonly fetch: FetchSettings;
  readonly into: string;
}

export const fetchStep = stepAdapter({
  kind: 'fetch',
  schema: z.union(FETCHES.map(({ form }): z.ZodType<FetchSettings> => form)).describe('What it fetches.'),
  beside: { into: z.string().describe('The stream that it feeds.') },
  derive: (fetch, { into }, resolve): FetchStepSettings => ({
    fetch: first((adapter) => adapter.locate(fetch, resolve)) ?? fetch,
    into,
  }),
  print: ({ fetch, into }) => [first((adapter) => adapter.print(fetch)), { into }],
  redact: (settings) => ({ ...settings, fetch: first((adapter) => adapter.redact(settings.fetch)) ?? settings.fetch }),
  check({ fetch, into }, place, report) {
    const stream = intoStream(into, place, report);
    const { params, isMapped } = place;
    for (const adapter of FETCHES) {
      adapter.check(fetch, { into: stream, params, isMapped }, (path, message, character) =>
        report(['fetch', ...path], message, character),
      );
    }
    const refused = stream === null ? null : first((adapter) => adapter.refuses(fetch, stream));
    if (refused !== null) report(['into'], `${into} ${refused}`);
  },
  into: ({ into }) => into,
  server: ({ fetch }) => first((adapter) => adapter.server(fetch)),
  open({ fetch, into }, host) {
    const opened = first((adapter) =>
      adapter.open(fetch, {
        ...host,
        into: host.stream(into),
        replay: (type, each) => host.replay(into, type, each),
        deliver: (type, events) => host.deliver(into, type, events),
      }),
    );
    if (opened === null) throw new Error(`The step ${host.step} of ${host.job} fetches nothing that there is`);
    return opened;
  },
});

/** What the adapter of the kind has to say; null when it says nothing. */
function first<T>(said: (adapter: (typeof FETCHES)[number]) => T | null): T | null {
  for (const adapter of FETCHES) {
    const found = said(adapter);
    if (found !== null) return found;
  }
  return null;
}
