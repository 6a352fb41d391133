/** What leaves Millrace, and to where. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { nearestWord } from '../../keys/suggest.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, name, REDACTED, size, timer, url } from '../../keys/value-schema.ts';
import { type NamedParts, outputNames } from '../output-names.ts';
import { notYet, type Reading, section } from '../section.ts';
import { derivedSection } from './derived.ts';
import { fraudSection } from './fraud.ts';
import { joinsSection } from './joins.ts';
import { operatorsSection } from './operators.ts';
import { streamsSection } from './streams.ts';
import { windowsSection } from './windows.ts';

/** What alerts are called in `from`. */
export const ALERTS = 'alerts';

interface SinkBase {
  readonly name: string;
  /** Streams as the file calls them. */
  readonly from: readonly string[];
  /** Where it begins when it is new; null: at alerts that nobody has got, and otherwise at the journal's end. */
  readonly startFrom: 'earliest' | 'latest' | null;
}

export type SinkConfig =
  | ({ readonly kind: 'log' } & SinkBase)
  | ({
      readonly kind: 'webhook';
      readonly url: string;
      readonly timeoutMs: number;
      /** What one POST has at most. Where that is one event it is posted as it is, otherwise in an array. */
      readonly batch: { readonly events: number; readonly bytes: number };
      readonly giveUpAfterMs: number;
    } & SinkBase);

const from = z
  .array(z.string())
  .min(1)
  .optional()
  .describe('Streams, windows, joins, their .late and .dead-letters, alerts. Absent: alerts, where there is fraud.');
const startFrom = z
  .enum(['earliest', 'latest'])
  .nullable()
  .default(null)
  .describe('Where a new sink begins. null: alerts that nobody has got, and of all else what comes from now on.');

const sink = z.union([
  z.strictObject({ log: z.strictObject({}).nullable(), from, startFrom }),
  z.strictObject({
    webhook: z.strictObject({
      url,
      timeout: timer.prefault('5s'),
      batch: z
        .strictObject({ events: z.int().min(1).max(10_000).default(500), bytes: size.prefault('1MB') })
        .optional()
        .describe(
          'One POST has a JSON array of so much. `events: 1` posts each event alone, as alerts are by default.',
        ),
    }),
    from,
    startFrom,
    giveUpAfter: duration
      .prefault('3d')
      .describe('An event that the receiver has not taken by this age is a dead letter; `dlq replay` sends it again.'),
  }),
]);

type RawSink = z.output<typeof sink>;

export const sinksSection = section({
  key: 'sinks',
  schema: z
    .record(name, sink)
    .default({})
    .describe('Where events go: { log: {} } or { webhook: { url } }, each `from` some streams.'),
  elsewhere: ['kafka', 'postgres', 'lake', 'parquet'].map((kind) => notYet(`sinks.*.${kind}`)),
  derive: (raw, reading): readonly SinkConfig[] => {
    const known = sinkableNames(namedParts(reading));
    return Object.entries(raw).map(([each, written]) => sinkOf(each, written, known, reading.report));
  },
  print: (sinks) => Object.fromEntries(sinks.map((each) => [each.name, printSink(each)])),
  redact: (sinks) => sinks.map((each) => (each.kind === 'webhook' ? { ...each, url: originOnly(each.url) } : each)),
});

/** By the file's own names: a stream that is wrong in itself is no stream that the sink misses. */
function namedParts(reading: Reading): NamedParts {
  const named = (names: readonly string[]) => names.map((each) => ({ name: each }));
  return {
    streams: named(streamsSection.streamNames(reading)),
    windows: named(windowsSection.streamNames(reading)),
    joins: named(joinsSection.streamNames(reading)),
    derived: named(derivedSection.streamNames(reading)),
    operators: operatorsSection.of(reading),
    fraud: fraudSection.raw(reading),
  };
}

/** Every name that a sink can be of. */
function sinkableNames(parts: NamedParts): string[] {
  const derived = outputNames(parts).map((each) => (each === 'fraud.alerts' ? ALERTS : each));
  return [...parts.streams.map((stream) => stream.name), ...derived];
}

const ALONE = { events: 1, bytes: 1024 * 1024 };
const BATCH = { events: 500, bytes: 1024 * 1024 };

function sinkOf(sinkName: string, raw: RawSink, known: readonly string[], report: Report): SinkConfig {
  const own = { name: sinkName, from: namesOf(sinkName, raw, known, report), startFrom: raw.startFrom };
  if ('log' in raw) return { kind: 'log', ...own };
  const { url: to, timeout, batch } = raw.webhook;
  const isOfAlerts = own.from.every((stream) => stream === ALERTS);
  return {
    kind: 'webhook',
    ...own,
    url: to,
    timeoutMs: timeout,
    batch: batch ?? (isOfAlerts ? ALONE : BATCH),
    giveUpAfterMs: raw.giveUpAfter,
  };
}

function namesOf(sinkName: string, raw: RawSink, known: readonly string[], report: Report): readonly string[] {
  const at = ['sinks', sinkName];
  if (raw.from === undefined) {
    if (known.includes(ALERTS)) return [ALERTS];
    const [first = 'STREAM'] = known;
    report(at, `says not what it takes: there is no fraud, so no alerts; write for example \`from: [${first}]\``);
    return [];
  }
  for (const [index, stream] of raw.from.entries()) {
    const path = [...at, 'from', String(index)];
    if (!known.includes(stream)) report(path, unknownStream(stream, known));
    else if (raw.from.indexOf(stream) !== index) report(path, `${stream} stands there already`);
  }
  return raw.from;
}

function unknownStream(stream: string, known: readonly string[]): string {
  const nearest = stream === 'fraud.alerts' && known.includes(ALERTS) ? ALERTS : nearestWord(stream, known);
  const hint = nearest === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return `nothing gives ${JSON.stringify(stream)}; ${hint}`;
}

function printSink(config: SinkConfig) {
  const own = { from: config.from, startFrom: config.startFrom };
  if (config.kind === 'log') return { log: {}, ...own };
  const { url: to, timeoutMs, batch, giveUpAfterMs } = config;
  return {
    webhook: {
      url: to,
      timeout: formatDuration(timeoutMs),
      batch: { events: batch.events, bytes: formatSize(batch.bytes) },
    },
    ...own,
    giveUpAfter: formatDuration(giveUpAfterMs),
  };
}

/** The path or query of a webhook is often its secret. */
function originOnly(to: string): string {
  const { origin, pathname, search, username, password } = new URL(to);
  return pathname === '/' && search === '' && username === '' && password === '' ? to : `${origin}/${REDACTED}`;
}
