/**
 * The port of what a job fetches, as the pipeline file names it: `fetch: { openMeteo: … }`. How its settings are written,
 * what must hold of them, how they are printed and how one attempt goes are in one place, its adapter.
 */
import { z } from 'zod';
import type { Report } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { EventType } from '../messages/codec.ts';
import type { Step } from '../steps/step.ts';
import type { HttpPort } from './http-client.ts';

/** What a service lends to the fetches of one job. */
export interface FetchHost {
  readonly nowMs: () => number;
  readonly http: HttpPort;
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
interface Into {
  readonly name: string;
  readonly schema: AvroRecord;
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
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  derive(raw: Raw): Settings;
  /** What `derive` makes the same settings of again. */
  print(settings: Settings): unknown;
  /** The settings without their secrets, where they have any. */
  redact?(settings: Settings): Settings;
  /** Reports what can't hold, by paths from the settings. */
  check?(settings: Settings, report: Report): void;
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
  check(fetch: Any, report: Report): void;
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
  const { kind, schema, derive, print, redact, check, refuses, server, open } = definition;
  const isOwn = (fetch: Any): fetch is Given => fetch.kind === kind;
  const given = (settings: Settings): Given => ({ ...settings, kind });
  const form = z.strictObject({ [kind]: schema.transform((raw) => given(derive(raw))) }).transform((map, context) => {
    const found = map[kind];
    if (found === undefined) context.addIssue({ code: 'custom', message: 'is missing' });
    return found ?? z.NEVER;
  });
  return {
    kind,
    form,
    print: (fetch) => (isOwn(fetch) ? { [kind]: print(fetch) } : null),
    redact: (fetch) => (isOwn(fetch) ? given(redact?.(fetch) ?? fetch) : null),
    check(fetch, report) {
      if (isOwn(fetch)) check?.(fetch, (path, message) => report([kind, ...path], message));
    },
    refuses: (fetch, into) => (isOwn(fetch) ? refuses(into) : null),
    server: (fetch) => (isOwn(fetch) && server?.isNeeded(fetch) === true ? server : null),
    open: (fetch, host) => (isOwn(fetch) ? open(fetch, host) : null),
  };
}
