/** What leaves Millrace, and to where. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { name } from '../../keys/value-schema.ts';
import { nearestWord } from '../../nearest-word.ts';
import type { Delivery } from '../../sinks/adapter.ts';
import { SINKS } from '../../sinks/adapters.ts';
import { ALERT_STREAMS, ALERTS } from '../../tables.ts';
import { type NamedParts, outputNamesOf } from '../output-names.ts';
import { notYet, type Reading, section } from '../section.ts';
import { derivedSection } from './derived.ts';
import { joinsSection } from './joins.ts';
import { kafkaSection } from './kafka.ts';
import { operatorsSection } from './operators.ts';
import { streamsSection } from './streams.ts';
import { windowsSection } from './windows.ts';

interface SinkBase {
  readonly name: string;
  /** The names of the streams in the file. */
  readonly from: readonly string[];
  /** Where a new sink begins; null: at alerts that nobody has got, and otherwise at the journal's end. */
  readonly startFrom: 'earliest' | 'latest' | null;
  /** How long retention keeps what the sink has not sent; null for ever. */
  readonly holdJournalMs: number | null;
  /** How many bytes of a log retention keeps for the sink; absent for any number. */
  readonly holdJournalBytes?: number;
  /** After this time an event is given up. Present where the receiver may refuse what it gets. */
  readonly giveUpAfterMs?: number;
  /** Present where the receiver has a choice of deliveries. */
  readonly delivery?: Delivery;
}

type Written = z.output<(typeof SINKS)[number]['form']>;

/** What all sinks have, with the settings of one kind. */
export type SinkConfig = SinkBase & ReturnType<Written['settings']>;

const sink = z.union(SINKS.map(({ form }): z.ZodType<Written> => form));

export const sinksSection = section({
  key: 'sinks',
  schema: z
    .record(name, sink)
    .default({})
    .describe('Where events go: { log: {} }, { webhook: { url } } or { kafka: { topic } }, each `from` some streams.'),
  elsewhere: ['postgres', 'lake', 'parquet'].map((kind) => notYet(`sinks.*.${kind}`)),
  derive: (raw, reading): readonly SinkConfig[] => {
    const known = sinkableNames(reading);
    const kafka = kafkaSection.of(reading);
    return Object.entries(raw).map(([each, written]) => {
      const config = sinkOf(each, written, known, reading.report);
      const report: Report = (path, message) => reading.report(['sinks', each, ...path], message);
      for (const adapter of SINKS) adapter.check(config, { kafka, from: config.from }, report);
      return config;
    });
  },
  print: (sinks) => Object.fromEntries(sinks.map((each) => [each.name, printSink(each)])),
  redact: (sinks) => sinks.map(redactSink),
});

/** The parts by the file's own names. A sink may name a stream that is wrong in itself, whose fault is reported elsewhere. */
function namedParts(reading: Reading): NamedParts {
  const named = (names: readonly string[]) => names.map((each) => ({ name: each }));
  return {
    streams: named(streamsSection.streamNames(reading)),
    windows: named(windowsSection.streamNames(reading)),
    joins: named(joinsSection.streamNames(reading)),
    derived: named(derivedSection.streamNames(reading)),
    operators: operatorsSection.of(reading),
    builtin: reading.outputs(),
  };
}

/** Every name that a sink, or a table of a store, can read. */
export function sinkableNames(reading: Reading): string[] {
  const parts = namedParts(reading);
  const derived = outputNamesOf(parts).map((each) => (ALERT_STREAMS.includes(each) ? ALERTS : each));
  return [...parts.streams.map((stream) => stream.name), ...derived];
}

function sinkOf(sinkName: string, raw: Written, known: readonly string[], report: Report): SinkConfig {
  const from = namesOf(sinkName, raw, known, report);
  const settings = raw.settings({ alertsOnly: from.every((stream) => stream === ALERTS) });
  const { startFrom, giveUpAfter, holdJournal, holdJournalSize, delivery } = raw;
  const own = { name: sinkName, from, startFrom, holdJournalMs: holdJournal };
  const bound = holdJournalSize === null ? {} : { holdJournalBytes: holdJournalSize };
  const age = giveUpAfter === undefined ? {} : { giveUpAfterMs: giveUpAfter };
  return { ...own, ...bound, ...settings, ...age, ...(delivery === undefined ? {} : { delivery }) };
}

function namesOf(sinkName: string, raw: Written, known: readonly string[], report: Report): readonly string[] {
  const at = ['sinks', sinkName];
  if (raw.from === undefined) {
    if (known.includes(ALERTS)) return [ALERTS];
    const [first = 'STREAM'] = known;
    report(at, `says not what it takes: nothing here gives alerts; write for example \`from: [${first}]\``);
    return [];
  }
  for (const [index, stream] of raw.from.entries()) {
    const path = [...at, 'from', String(index)];
    if (!known.includes(stream)) report(path, unknownStream(stream, known));
    else if (raw.from.indexOf(stream) !== index) report(path, `${stream} stands there already`);
  }
  return raw.from;
}

export function unknownStream(stream: string, known: readonly string[]): string {
  const nearest = ALERT_STREAMS.includes(stream) && known.includes(ALERTS) ? ALERTS : nearestWord(stream, known);
  const hint = nearest === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return `nothing gives ${JSON.stringify(stream)}; ${hint}`;
}

function printSink(config: SinkConfig): object {
  const { from, startFrom, holdJournalMs, holdJournalBytes, giveUpAfterMs, delivery } = config;
  return Object.assign(
    {},
    ...SINKS.map((adapter) => adapter.print(config)),
    { from, startFrom, holdJournal: holdJournalMs === null ? null : formatDuration(holdJournalMs) },
    { holdJournalSize: holdJournalBytes === undefined ? null : formatSize(holdJournalBytes) },
    giveUpAfterMs === undefined ? {} : { giveUpAfter: formatDuration(giveUpAfterMs) },
    delivery === undefined ? {} : { delivery },
  );
}

function redactSink(config: SinkConfig): SinkConfig {
  let shown = config;
  for (const adapter of SINKS) shown = { ...shown, ...adapter.redact(config) };
  return shown;
}
