/**
 * The port of a kind of source, as the pipeline file names it: `source: { file: … }`. The adapter of a kind has all
 * that belongs to it: how its settings are written, checked and printed, and how a source of the kind runs.
 */
import { z } from 'zod';
import type { KafkaConnection } from '../kafka/connection.ts';
import type { Report } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { StreamFormat } from '../messages/stream-format.ts';
import type { ReadInput } from './file/file.ts';
import type { Source } from './source.ts';

/** The stream that a source is of. */
export interface SourceStream {
  /** As the file calls it. */
  readonly name: string;
  readonly schema: AvroRecord;
  /** The field that decides the partition. */
  readonly key: string;
  readonly eventTime: string;
  readonly partitions: number;
  /** The cluster of the pipeline file; null where it names none. */
  readonly kafka: KafkaConnection | null;
  readonly format: StreamFormat;
}

/** What a service lends to the sources that run in it. */
export interface SourceHost {
  /** Of a clock that does not jump. */
  nowMs(): number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly readInput: ReadInput;
  readonly kafka: KafkaConnection | null;
  /** Whether places in traces are asked for. */
  readonly isTraced?: boolean;
  /** A number of the data directory that no other one has. */
  owner(): number;
  /** Writes one line to the service's log. */
  log(line: string): void;
}

/** Why a source can't be read when a service starts. */
export interface Unreachable {
  /** What it is read from does not answer; or it answers that it has not what the pipeline file says. */
  readonly kind: 'down' | 'configuration';
  readonly message: string;
}

interface Definition<Kind extends string, Raw, Settings extends object> {
  readonly kind: Kind;
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  /** The kind alone says enough: `source: http`. It is printed so. */
  readonly isBare?: true;
  /** It is given its partitions while it runs: those of its stream are closed until it opens them. */
  readonly isAssigned?: true;
  /** Whether it may bring events of one key in any partition of its stream. */
  scatters?(settings: Settings): boolean;
  /** `resolve` takes a path of the file against the file's own directory. */
  derive(raw: Raw, resolve: (path: string) => string): Settings;
  /** What `derive` makes the same settings of again. */
  print(settings: Settings): unknown;
  /** The settings without their secrets, where they may have some. */
  redact?(settings: Settings): Settings;
  /** Reports what can't work with its stream, under the keys of the stream. */
  check?(settings: Settings, stream: SourceStream, report: Report): void;
  /** What is not there that a service needs to start: the key below `source`, and why. */
  missing?(settings: Settings): Missing | null;
  /** Asks what it is read from, before a service starts. */
  reach?(settings: Settings, stream: SourceStream, host: SourceHost): Promise<Unreachable | null>;
  /** A source that runs by itself. One that has none is delivered to by another part of the service. */
  open?(settings: Settings, stream: SourceStream, host: SourceHost): Source;
}

export interface Missing {
  readonly key: string;
  readonly message: string;
}

/** Settings as they are written, whole once the paths in it are resolved. */
export type Written<Settings> = (resolve: (path: string) => string) => Settings;

/** The settings of any kind. */
interface Any {
  readonly kind: string;
}

export interface SourceAdapter<Kind extends string, Settings> {
  readonly kind: Kind;
  /** Ways to write it. */
  readonly forms: readonly z.ZodType<Written<Settings & { readonly kind: Kind }>>[];
  /** For settings of another kind, this and what follows say that there is nothing to say. */
  print(source: Any): unknown;
  /** The same where it has no secrets, or is of another kind. */
  redact<S extends Any>(source: S): S | (Settings & { readonly kind: Kind });
  check(source: Any, stream: SourceStream, report: Report): void;
  missing(source: Any): Missing | null;
  isAssigned(source: Any): boolean;
  isScattered(source: Any): boolean;
  reach(source: Any, stream: SourceStream, host: SourceHost): Promise<Unreachable | null>;
  open(source: Any, stream: SourceStream, host: SourceHost): Source | null;
}

export function sourceAdapter<Kind extends string, Raw, Settings extends object>(
  definition: Definition<Kind, Raw, Settings>,
): SourceAdapter<Kind, Settings> {
  type Given = Settings & { readonly kind: Kind };
  const { kind, schema, isBare, isAssigned = false, scatters } = definition;
  const { derive, print, redact, check, missing, reach, open } = definition;
  const isOwn = (source: Any): source is Given => source.kind === kind;
  const written =
    (raw: Raw): Written<Given> =>
    (resolve) => ({ kind, ...derive(raw, resolve) });
  const form = z.strictObject({ [kind]: schema.transform(written) }).transform((map, context) => {
    const found = map[kind];
    if (found === undefined) context.addIssue({ code: 'custom', message: 'is missing' });
    return found ?? z.NEVER;
  });
  const bare = z.literal(kind).transform(() => written(schema.parse({})));
  return {
    kind,
    forms: isBare === true ? [bare, form] : [form],
    print(source) {
      if (!isOwn(source)) return null;
      return isBare === true ? kind : { [kind]: print(source) };
    },
    redact: (source) => (isOwn(source) && redact !== undefined ? { ...redact(source), kind } : source),
    check(source, stream, report) {
      if (isOwn(source)) check?.(source, stream, report);
    },
    missing: (source) => (isOwn(source) ? (missing?.(source) ?? null) : null),
    isAssigned: (source) => isOwn(source) && isAssigned,
    isScattered: (source) => isOwn(source) && scatters?.(source) === true,
    reach: async (source, stream, host) => (isOwn(source) ? ((await reach?.(source, stream, host)) ?? null) : null),
    open: (source, stream, host) => (isOwn(source) ? (open?.(source, stream, host) ?? null) : null),
  };
}
