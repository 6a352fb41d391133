/**
 * The port of a kind of sink, as the pipeline file names it: `{ webhook: { url: … }, from: [alerts] }`. The adapter of
 * a kind has all that belongs to it: how its settings are written and printed (without secrets where they are shown),
 * and how a sink of the kind is opened.
 */
import { z } from 'zod';
import type { KafkaConnection } from '../kafka/connection.ts';
import type { Report } from '../keys/names.ts';
import { duration, size } from '../keys/value-schema.ts';
import type { Sink } from './sink.ts';
import type { HttpPort } from './webhook/webhook.ts';

/** How often a receiver may have an event. */
export type Delivery = 'at_least_once' | 'exactly_once';

/** Where sinks may lead to: what other sections of the pipeline file say of it. */
export interface Places {
  /** The cluster of the pipeline file; null where it names none. */
  readonly kafka: KafkaConnection | null;
}

/** What a sink is checked beside. */
interface Checked extends Places {
  /** What it takes. */
  readonly from: readonly string[];
}

/** What a service lends to the sinks that run in it. */
export interface SinkHost extends Places {
  /** Of the sink, as the file calls it. */
  readonly name: string;
  readonly delivery: Delivery;
  /** Writes an event as one line to the service's log. */
  write(line: string): void;
  /** Writes one line to the service's log, as something to look at. */
  log(line: string): void;
  readonly http: HttpPort;
  /** Of a clock that does not jump. */
  nowMs(): number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A number of the data directory that no other one has. */
  owner(): number;
  /** Where each log of the journal ended when the service began. */
  readonly journalEnds: ReadonlyMap<string, number>;
}

/** Why a receiver can't be had when a service starts. */
export interface Unreachable {
  /** It does not answer; or it answers that it has not what the pipeline file says. */
  readonly kind: 'down' | 'configuration';
  readonly message: string;
}

interface Definition<Kind extends string, Raw, Settings extends object> {
  readonly kind: Kind;
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  /** A receiver elsewhere may refuse what it gets: an event of the age of `giveUpAfter` is given up. */
  readonly isRemote?: true;
  /** What `delivery` may say, the default first; absent where it is at least once and nothing is said. */
  readonly deliveries?: readonly [Delivery, ...Delivery[]];
  derive(raw: Raw, takes: Takes): Settings;
  /** What `derive` makes the same settings of again. */
  print(settings: Settings): unknown;
  /** In place of the settings that are secret. */
  redact?(settings: Settings): Partial<Settings>;
  /** Reports what can't work with the other sections, under the keys of the sink. */
  check?(settings: Settings, at: Checked, report: Report): void;
  /** Asks the receiver, before a service starts. */
  reach?(settings: Settings, host: SinkHost): Promise<Unreachable | null>;
  open(settings: Settings, host: SinkHost): Sink;
}

interface Takes {
  /** It takes alerts, and nothing else. */
  readonly alertsOnly: boolean;
}

/** A sink as it is written; its settings are whole once it is known what it takes. */
export interface Written<Settings> {
  settings(takes: Takes): Settings;
  readonly from: readonly string[] | undefined;
  readonly startFrom: 'earliest' | 'latest' | null;
  readonly giveUpAfter: number | undefined;
  readonly holdJournal: number | null;
  readonly holdJournalSize: number | null;
  readonly delivery: Delivery | undefined;
}

/** The settings of any kind. */
interface Any {
  readonly kind: string;
}

export interface SinkAdapter<Kind extends string, Settings> {
  readonly kind: Kind;
  readonly form: z.ZodType<Written<Settings & { readonly kind: Kind }>>;
  /** For settings of another kind, this and what follows say that there is nothing to say. */
  print(config: Any): unknown;
  redact(config: Any): Partial<Settings>;
  check(config: Any, at: Checked, report: Report): void;
  reach(config: Any, host: SinkHost): Promise<Unreachable | null>;
  open(config: Any, host: SinkHost): Sink | null;
}

const from = z
  .array(z.string())
  .min(1)
  .optional()
  .describe(
    'Streams, windows, joins, their .late and .dead-letters, alerts. Absent: alerts, where something raises them.',
  );
const startFrom = z
  .enum(['earliest', 'latest'])
  .nullable()
  .default(null)
  .describe('Where a new sink begins. null: alerts that nobody has got, and of all else what comes from now on.');
const holdJournal = duration
  .nullable()
  .prefault(null)
  .describe('So long retention keeps what the sink has not sent. Older events go and are never sent. null: for ever.');
const holdJournalSize = size
  .nullable()
  .prefault(null)
  .describe(
    'So much of a log retention keeps for the sink, beside or instead of holdJournal. null: whatever there is.',
  );
const giveUpAfter = duration
  .prefault('3d')
  .describe('An event that the receiver has not taken by this age is a dead letter; `dlq replay` sends it again.');

export function sinkAdapter<Kind extends string, Raw, Settings extends object>(
  definition: Definition<Kind, Raw, Settings>,
): SinkAdapter<Kind, Settings> {
  type Given = Settings & { readonly kind: Kind };
  const { kind, schema, isRemote, deliveries, derive, print, redact, check, reach, open } = definition;
  const isOwn = (config: Any): config is Given => config.kind === kind;
  const settingsOf =
    (raw: Raw) =>
    (takes: Takes): Given => ({ kind, ...derive(raw, takes) });
  const base = z.strictObject({ [kind]: schema.transform(settingsOf), from, startFrom, holdJournal, holdJournalSize });
  // Beside a key that is known at run time only, TypeScript no longer tells which key has which type.
  const remote = isRemote === true ? base.extend({ giveUpAfter }) : base;
  const form = (deliveries === undefined ? remote : remote.extend({ delivery: deliveryOf(deliveries) })).transform(
    (map): Written<Given> => {
      const given: Readonly<Record<string, unknown>> = map;
      const settings = map[kind];
      if (typeof settings !== 'function') throw new Error(`A sink of the kind ${kind} without its settings`);
      return {
        settings,
        from: Array.isArray(map.from) ? map.from : undefined,
        startFrom: map.startFrom === 'earliest' || map.startFrom === 'latest' ? map.startFrom : null,
        holdJournal: typeof map.holdJournal === 'number' ? map.holdJournal : null,
        holdJournalSize: typeof map.holdJournalSize === 'number' ? map.holdJournalSize : null,
        giveUpAfter: typeof map.giveUpAfter === 'number' ? map.giveUpAfter : undefined,
        delivery: deliveries?.find((each) => each === given.delivery),
      };
    },
  );
  return {
    kind,
    form,
    print: (config) => (isOwn(config) ? { [kind]: print(config) } : null),
    redact: (config) => (isOwn(config) ? (redact?.(config) ?? {}) : {}),
    check(config, at, report) {
      if (isOwn(config)) check?.(config, at, report);
    },
    reach: async (config, host) => (isOwn(config) ? ((await reach?.(config, host)) ?? null) : null),
    open: (config, host) => (isOwn(config) ? open(config, host) : null),
  };
}

function deliveryOf(deliveries: readonly [Delivery, ...Delivery[]]) {
  const [usual] = deliveries;
  return z
    .enum(deliveries)
    .default(usual)
    .describe('How often an event may come. exactly_once: results and where the sink stands are one transaction.');
}
