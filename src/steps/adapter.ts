/**
 * The port of a kind of step, as the pipeline file names it: `load: { fetch: …, into: … }`. The adapter of a kind has
 * all that belongs to it: how its settings are written (under the kind and beside it), checked and printed, and how an
 * attempt goes.
 */
import { z } from 'zod';
import type { HostRates } from '../fetching/host-rates.ts';
import type { JobTablesResults, JobTablesTask, RunStatement } from '../job-tables/protocol.ts';
import type { Report } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { CheckRan } from '../messages/check-facts.ts';
import type { EventType } from '../messages/codec.ts';
import type { Row } from '../projections/store.ts';
import type { Suite } from '../quality/suite/suite.ts';
import type { Into } from '../sources/fetch-adapter.ts';
import type { HttpPort } from '../sources/http-client.ts';
import type { Engines } from './engines/settings.ts';
import type { Step } from './step.ts';
import { COMMON, type Common, commonOf, hasCommon } from './step-keys.ts';
import type { StepProcesses } from './step-process.ts';

/** What a service lends to the steps of its jobs. */
export interface StepHost {
  readonly job: string;
  readonly step: string;
  readonly dataDir: string;
  readonly nowMs: () => number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly http: HttpPort;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Where the adapter's own server answers; empty while none does. */
  serverUrl(): string;
  /** How often hosts are asked, over all jobs. */
  readonly rates: HostRates;
  /** A declared stream. */
  stream(name: string): Into;
  /** Calls back for each event of the stream that is durable and still kept, in the order of its logs. */
  replay<E>(stream: string, type: EventType<E>, each: (event: E) => void): Promise<void>;
  readonly processes: StepProcesses;
  /** Where statements run that DuckDB does not run itself. */
  readonly engines: Engines;
  readonly tables: StepTables;
  /** Names of the tables that steps of jobs write. */
  readonly jobTables: ReadonlySet<string>;
  /** The steps of the job that check what the job has written for a table. */
  auditsOf(table: string): readonly string[];
  /** Throws when there is none, which the check of a configuration has ruled out. */
  suite(name: string): StepSuite;
  /** Resolves once the journal has the run of a suite. */
  checked(run: CheckRan): Promise<void>;
  /** Of a declared stream; null for any other name. */
  schemaOf(stream: string): AvroRecord | null;
  /** A file for as long as an attempt takes, and what comes of it: another one for each key. */
  scratchFile(key: string, ending: string): string;
  /** Resolves once the events are durable in the stream. */
  deliver<E extends Readonly<Record<string, unknown>>>(
    stream: string,
    type: EventType<E>,
    events: readonly E[],
  ): Promise<void>;
}

/** Job tables, and statements over them and the read models. */
export interface StepTables {
  /** Resolves with the number of rows. Rejects once the signal aborts, when the statement has stopped. */
  run(
    statement: Omit<RunStatement, 'models' | 'lines' | 'windows'>,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<number>;
  ask<Kind extends 'relation' | 'audited' | 'discard'>(
    task: Extract<JobTablesTask, { readonly kind: Kind }>,
  ): Promise<JobTablesResults[Kind]>;
  rows(sql: string, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  publish(runId: string, table: string): Promise<unknown>;
}

export interface StepSuite {
  readonly suite: Suite;
  /** The table or the statement that it is of; null for what a step says. */
  readonly on: string | null;
}

/** A stream of the pipeline file. */
export interface StepStream extends Into {
  /** Why a job can't bring events into it, as what is said of it; null when it can. */
  refuses(job: string): string | null;
}

/** Where a step stands in the pipeline file. */
export interface StepPlace {
  readonly job: string;
  readonly step: string;
  readonly needs: readonly string[];
  /** Parameters of the job. */
  readonly params: readonly string[];
  readonly isMapped: boolean;
  readonly streams: readonly StepStream[];
  readonly suites: readonly { readonly name: string; readonly on: string | null }[];
  /** Commands that a step may run. */
  readonly commands: readonly string[];
  /** Engines beside DuckDB that the file says how to reach. */
  readonly engines: readonly string[];
  /** Names of the steps of the job. */
  readonly steps: readonly string[];
}

/** A server on loopback that takes the place of the one that a step works with. */
export interface StepServer {
  /** Its name in the actor tree. */
  readonly id: string;
  start(host: { readonly nowMs: () => number }): Promise<{ readonly endpoint: string; close(): Promise<void> }>;
}

type BesideOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

interface Definition<Kind extends string, Raw, Shape extends z.ZodRawShape, Settings extends object> {
  readonly kind: Kind;
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  /** Keys that stand beside the kind, such as `into`. */
  readonly beside: Shape;
  /** `resolve` takes a path of the file against the file's own directory. */
  derive(raw: Raw, beside: BesideOf<Shape>, resolve: (path: string) => string): Settings;
  /** What `derive` makes the same settings of again: under the kind, and beside it. */
  print(settings: Settings): readonly [own: unknown, beside: Readonly<Record<string, unknown>>];
  /** The settings without their secrets, where they have any. */
  redact?(settings: Settings): Settings;
  /** Reports what can't hold, by paths from the step. */
  check?(settings: Settings, place: StepPlace, report: Report): void;
  /** The declared stream, or the table, that it brings events into; null when it brings none. */
  into?(settings: Settings): string | null;
  server?(settings: Settings): StepServer | null;
  open(settings: Settings, host: StepHost): Step;
}

/** A step as it is written; its settings are whole once the paths in it are resolved. */
export interface WrittenStep<Settings> {
  readonly common: Common;
  settings(resolve: (path: string) => string): Settings;
}

/** The settings of any kind. */
interface Any {
  readonly kind: string;
}

export interface StepAdapter<Kind extends string, Settings> {
  readonly kind: Kind;
  readonly form: z.ZodType<WrittenStep<Settings & { readonly kind: Kind }>>;
  /** For settings of another kind, this and what follows say that there is nothing to say. */
  print(step: Any): Readonly<Record<string, unknown>> | null;
  redact(step: Any): (Settings & { readonly kind: Kind }) | null;
  check(step: Any, place: StepPlace, report: Report): void;
  into(step: Any): string | null;
  server(step: Any): StepServer | null;
  open(step: Any, host: StepHost): Step | null;
}

export function stepAdapter<
  Kind extends string,
  Raw,
  Settings extends object,
  Shape extends z.ZodRawShape = Record<never, never>,
>(definition: Definition<Kind, Raw, Shape, Settings>): StepAdapter<Kind, Settings> {
  type Given = Settings & { readonly kind: Kind };
  const { kind, schema, beside, derive, print, redact, check, into, server, open } = definition;
  const isOwn = (step: Any): step is Given => step.kind === kind;
  const given = (settings: Settings): Given => ({ ...settings, kind });
  const keys = Object.keys(beside);
  const hasBeside = (map: object): map is BesideOf<Shape> => keys.every((key) => key in map);
  type Under = (own: BesideOf<Shape>, resolve: (path: string) => string) => Given;
  const under = schema.transform(
    (raw): Under =>
      (own, resolve) =>
        given(derive(raw, own, resolve)),
  );
  const isUnder = (value: unknown): value is Under => typeof value === 'function';
  const form = z
    .strictObject({ [kind]: under, ...beside, ...COMMON.shape })
    .transform((map: object, context): WrittenStep<Given> => {
      const found: unknown = Reflect.get(map, kind);
      if (!isUnder(found) || !hasCommon(map) || !hasBeside(map)) {
        context.addIssue({ code: 'custom', message: 'is missing' });
        return z.NEVER;
      }
      return { common: commonOf(map), settings: (resolve) => found(map, resolve) };
    });
  return {
    kind,
    form,
    print(step) {
      if (!isOwn(step)) return null;
      const [own, others] = print(step);
      return { [kind]: own, ...others };
    },
    redact: (step) => (isOwn(step) ? given(redact?.(step) ?? step) : null),
    check(step, place, report) {
      if (isOwn(step)) check?.(step, place, report);
    },
    into: (step) => (isOwn(step) ? (into?.(step) ?? null) : null),
    server: (step) => (isOwn(step) ? (server?.(step) ?? null) : null),
    open: (step, host) => (isOwn(step) ? open(step, host) : null),
  };
}
