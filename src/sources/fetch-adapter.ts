/**
 * The port of a kind of fetch, as the pipeline file names it: `fetch: { openMeteo: … }`. The adapter of a kind has all
 * that belongs to it: how its settings are written, checked and printed, and how one attempt goes.
 */
import { z } from 'zod';
import type { HostRates } from '../fetching/host-rates.ts';
import type { Report } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { EventType } from '../messages/codec.ts';
import type { TimeOptions } from '../messages/times.ts';
import type { Step } from '../steps/step.ts';
import type { HttpPort } from './http-client.ts';

/** What a service lends to the fetches of one job. */
export interface FetchHost {
  readonly nowMs: () => number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly http: HttpPort;
  /** How often hosts are asked, over all jobs. */
  readonly rates: HostRates;
  readonly into: Into;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Where the adapter's own server answers; empty while none does. */
  serverUrl(): string;
  /** Calls back for each event of the job's stream that is durable and still kept, in the order of its logs. */
  replay<E>(type: EventType<E>, each: (event: E) => void): Promise<void>;
  /** Resolves once the events are durable in the job's stream. */
  deliver<E extends Readonly<Record<string, unknown>>>(type: EventType<E>, events: readonly E[]): Promise<void>;
}

/** The stream that a job brings its events into. */
export interface Into {
  readonly name: string;
  readonly schema: AvroRecord;
  /** Null when all its events lie in one partition. */
  readonly key: string | null;
  readonly eventTime: string;
  /** How its inputs write times. */
  readonly times: TimeOptions;
}

/** Where a fetch stands in the pipeline file. */
export interface FetchPlace {
  /** Null when there is no such stream. */
  readonly into: Into | null;
  /** Parameters of its job. */
  readonly params: readonly string[];
  readonly isMapped: boolean;
}

/** A server on loopback that takes the place of the one to fetch from. */
interface FetchServer<Settings> {
  /** Its name in the actor tree. */
  readonly id: string;
  isNeeded(settings: Settings): boolean;
  start(host: { readonly nowMs: () => number }): Promise<RunningServer>;
}

interface RunningServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

interface Definition<Kind extends string, Raw, Settings extends object> {
  readonly kind: Kind;
  /** Its keys stand under `fetch` itself, not under the kind. */
  readonly isBare?: true;
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  derive(raw: Raw): Settings;
  /** The settings with paths of the file taken against the file's own directory, where they have any. */
  locate?(settings: Settings, resolve: (path: string) => string): Settings;
  /** What `derive` makes the same settings of again. */
  print(settings: Settings): unknown;
  /** The settings without their secrets, where they have any. */
  redact?(settings: Settings): Settings;
  /** Reports what can't hold, by paths from the settings. */
  check?(settings: Settings, place: FetchPlace, report: Report): void;
  /** Why the stream can't take what is fetched, after its name; null when it can. */
  refuses(into: Into): string | null;
  readonly server?: FetchServer<Settings>;
  open(settings: Settings, host: FetchHost): Step;
}

/** The settings of any kind. */
interface Any {
  readonly kind: string;
}

export interface FetchAdapter<Kind extends string, Settings> {
  readonly kind: Kind;
  readonly form: z.ZodType<Settings & { readonly kind: Kind }>;
  /** For settings of another kind, this and what follows say that there is nothing to say. */
  print(fetch: Any): unknown;
  redact(fetch: Any): (Settings & { readonly kind: Kind }) | null;
  locate(fetch: Any, resolve: (path: string) => string): (Settings & { readonly kind: Kind }) | null;
  check(fetch: Any, place: FetchPlace, report: Report): void;
  refuses(fetch: Any, into: Into): string | null;
  /** Null also when the settings need no server. */
  server(
    fetch: Any,
  ): { readonly id: string; start(host: { readonly nowMs: () => number }): Promise<RunningServer> } | null;
  open(fetch: Any, host: FetchHost): Step | null;
}

export function fetchAdapter<Kind extends string, Raw, Settings extends object>(
  definition: Definition<Kind, Raw, Settings>,
): FetchAdapter<Kind, Settings> {
  type Given = Settings & { readonly kind: Kind };
  const { kind, isBare, schema, derive, locate, print, redact, check, refuses, server, open } = definition;
  const isOwn = (fetch: Any): fetch is Given => fetch.kind === kind;
  const given = (settings: Settings): Given => ({ ...settings, kind });
  const bare = schema.transform((raw) => given(derive(raw)));
  const named = z.strictObject({ [kind]: bare }).transform((map, context) => {
    const found = map[kind];
    if (found === undefined) context.addIssue({ code: 'custom', message: 'is missing' });
    return found ?? z.NEVER;
  });
  return {
    kind,
    form: isBare ? bare : named,
    print: (fetch) => (isOwn(fetch) ? (isBare ? print(fetch) : { [kind]: print(fetch) }) : null),
    redact: (fetch) => (isOwn(fetch) ? given(redact?.(fetch) ?? fetch) : null),
    locate: (fetch, resolve) => (isOwn(fetch) ? given(locate?.(fetch, resolve) ?? fetch) : null),
    check(fetch, place, report) {
      if (!isOwn(fetch)) return;
      const at = isBare ? [] : [kind];
      check?.(fetch, place, (path, message, character) => report([...at, ...path], message, character));
    },
    refuses: (fetch, into) => (isOwn(fetch) ? refuses(into) : null),
    server: (fetch) => (isOwn(fetch) && server?.isNeeded(fetch) === true ? server : null),
    open: (fetch, host) => (isOwn(fetch) ? open(fetch, host) : null),
  };
}
