/** The streams of a file: what their events are, where they come from, and what has to hold of each. */
import { z } from 'zod';
import { STREAM_TYPES } from '../../builtin-types.ts';
import { fieldOf, fullName, isTimestamp, type Report, unknownField, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name, timer } from '../../keys/value-schema.ts';
import type { AvroField, AvroRecord } from '../../messages/avro.ts';
import type { StreamFormat } from '../../messages/stream-format.ts';
import type { UnknownFields } from '../../messages/unknown-fields.ts';
import { columnProblem } from '../../projections/stream-tables.ts';
import type { Expectation } from '../../quality/expectation.ts';
import { SOURCES } from '../../sources/adapters.ts';
import { isKeyField, NO_KEY } from '../../streams/field-key.ts';
import { isBuiltinTable } from '../../tables.ts';
import { notYet, type Reading, section } from '../section.ts';
import { expectation, expectationsOf, printExpectation } from './expectations.ts';
import { format, formatOf, printFormat } from './formats.ts';
import { functionsSection } from './functions.ts';
import { kafkaSection } from './kafka.ts';
import type { Relation } from './relation.ts';
import { printSource, type SourceConfig, source } from './sources.ts';

export interface StreamConfig extends Relation {
  readonly key: string;
  /** The name of a built-in schema, or the file of the schema; the other one is null. */
  readonly builtin: string | null;
  readonly schemaFile: string | null;
  readonly expectations: readonly Expectation[];
  readonly source: SourceConfig;
  readonly format: StreamFormat;
}

const stream = z
  .strictObject({
    schema: z.string().min(1).optional().describe("An Avro record schema, relative to this file's folder."),
    builtin: z
      .string()
      .optional()
      .describe(`A built-in schema instead: ${STREAM_TYPES.map(({ schema }) => schema.name).join(' or ')}.`),
    key: z.string().describe('The field that decides the partition.'),
    eventTime: z.string().describe('A timestamp-millis field.'),
    partitions: z.int().min(1).max(64).default(1),
    watermark: z
      .union([
        z.literal('scripted'),
        z.strictObject({
          outOfOrderness: duration
            .prefault('0s')
            .describe('How far an event may come behind a later one, and be on time.'),
          idleTimeout: timer
            .nullable()
            .prefault(null)
            .describe('A partition so long without events holds no window back.'),
          maxAhead: duration
            .nullable()
            .prefault(null)
            .describe('An event whose time is farther beyond the wall clock is a dead letter.'),
          maxWait: timer
            .nullable()
            .prefault(null)
            .describe(
              'So long others wait for a partition that is behind, by the wall clock; then they go on without it.',
            ),
        }),
      ])
      .prefault({}),
    source,
    format,
    contract: z
      .union([z.enum(['freeze', 'discard', 'evolve']), z.strictObject({ evolve: z.string().min(1) })])
      .default('freeze')
      .describe(
        'What becomes of a field that the schema lacks: the event is a dead letter, goes on without it, or has it as JSON in { evolve: FIELD }.',
      ),
    expect: z.array(expectation).default([]).describe('What has to hold of each event.'),
  })
  .refine((value) => (value.schema === undefined) !== (value.builtin === undefined), {
    message: 'name one of `schema: ./file.avsc` and `builtin: Transaction`',
  });

type RawStream = z.output<typeof stream>;

export const streamsSection = section({
  key: 'streams',
  schema: z.record(name, stream),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => (Object.hasOwn(raw, name) ? name : null),
    names: (raw) => Object.keys(raw),
    of: (name, reading): Relation | null => streamsSection.of(reading).find((each) => each.name === name) ?? null,
  },
  elsewhere: [
    notYet('streams.*.source.parquet'),
    { path: 'streams.*.repartition', message: 'is a key of its source: `source: { kafka: { …, repartition: true } }`' },
  ],
  derive(raw, reading): readonly StreamConfig[] {
    const streams = Object.entries(raw).flatMap(([each, written]) => streamOf(each, written, reading) ?? []);
    checkSchemaNames(streams, reading.report);
    return streams;
  },
  redact: (streams) =>
    streams.map((each) => ({
      ...each,
      source: SOURCES.reduce<SourceConfig>((left, adapter) => adapter.redact(left), each.source),
    })),
  print: (streams) => Object.fromEntries(streams.map((each) => [each.name, printStream(each)])),
});

function streamOf(name: string, raw: RawStream, reading: Reading): StreamConfig | null {
  const at = ['streams', name];
  const { report } = reading;
  const schema = schemaOf(raw, at, reading);
  if (schema === null) return null;
  const key = fieldOf(schema, raw.key);
  if (key === undefined) report([...at, 'key'], unknownField(schema, raw.key));
  else if (!isKeyField(key)) report([...at, 'key'], `${raw.key} ${NO_KEY}`);
  const time = fieldOf(schema, raw.eventTime);
  if (time === undefined) report([...at, 'eventTime'], unknownField(schema, raw.eventTime));
  else if (!isTimestamp(time)) {
    report([...at, 'eventTime'], `${raw.eventTime} must be a long with logicalType timestamp-millis`);
  }
  if (raw.schema !== undefined) {
    if (isBuiltinTable(name))
      report(at, 'is a name that the read models keep for a table of their own; choose another');
    const problem = columnProblem(schema);
    if (problem !== null) report([...at, 'schema'], problem);
  }
  const source = raw.source(reading.resolve);
  const own: Report = (path, message) => report([...at, ...path], message);
  const contract = contractOf(raw.contract, schema, own);
  const written = formatOf(raw.format, schema, raw.key, own, contract);
  const { key: keyField, eventTime, partitions } = raw;
  const kafka = kafkaSection.of(reading);
  const stream = { name, schema, key: keyField, eventTime, partitions, format: written, kafka };
  for (const adapter of SOURCES) adapter.check(source, stream, own);
  const { watermark } = raw;
  return {
    name,
    schema,
    builtin: raw.builtin ?? null,
    schemaFile: raw.schema === undefined ? null : reading.resolve(raw.schema),
    expectations: expectationsOf(raw.expect, schema, functionsSection.of(reading), [...at, 'expect'], report),
    key: raw.key,
    eventTime: raw.eventTime,
    partitions: raw.partitions,
    ...(SOURCES.some((adapter) => adapter.isScattered(source)) ? { isScattered: true as const } : {}),
    watermark:
      watermark === 'scripted'
        ? { kind: 'scripted' }
        : {
            kind: 'bounded',
            outOfOrdernessMs: watermark.outOfOrderness,
            idleTimeoutMs: watermark.idleTimeout,
            maxAheadMs: watermark.maxAhead,
            ...(watermark.maxWait === null ? {} : { maxWaitMs: watermark.maxWait }),
          },
    source,
    format: written,
  };
}

function contractOf(raw: RawStream['contract'], schema: AvroRecord, report: Report): UnknownFields {
  if (raw === 'evolve') {
    report(['contract'], 'needs a field of text for what is unknown: { evolve: FIELD }');
    return 'freeze';
  }
  if (typeof raw === 'string') return raw;
  const field = fieldOf(schema, raw.evolve);
  if (field === undefined) report(['contract', 'evolve'], unknownField(schema, raw.evolve));
  else if (!isOptionalText(field)) {
    report(
      ['contract', 'evolve'],
      `${raw.evolve} must be text that may be left out: ["null", "string"] with a default`,
    );
  }
  return raw;
}

function isOptionalText({ type, ...field }: AvroField): boolean {
  const branches: readonly unknown[] = Array.isArray(type) ? type : [type];
  return branches.includes('string') && 'default' in field;
}

function schemaOf(raw: RawStream, at: readonly string[], reading: Reading): AvroRecord | null {
  if (raw.builtin !== undefined) {
    const type = STREAM_TYPES.find(({ schema }) => schema.name === raw.builtin);
    if (type !== undefined) return type.schema;
    const known = STREAM_TYPES.map(({ schema }) => schema.name);
    reading.report([...at, 'builtin'], unknownName('built-in schema', raw.builtin, known));
  }
  if (raw.schema === undefined) return null;
  try {
    return reading.readSchema(reading.resolve(raw.schema));
  } catch (error) {
    reading.report([...at, 'schema'], error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** Checks that no two schemas share a record's name, by which a log knows its blocks. */
function checkSchemaNames(streams: readonly StreamConfig[], report: Report): void {
  const byName = new Map<string, StreamConfig>();
  for (const stream of streams) {
    const name = fullName(stream.schema);
    const other = byName.get(name) ?? stream;
    byName.set(name, other);
    if (JSON.stringify(other.schema) === JSON.stringify(stream.schema)) continue;
    report(['streams', stream.name, 'schema'], `${name} is another record than the ${name} of stream ${other.name}`);
  }
}

function printStream(stream: StreamConfig) {
  const {
    schema: _,
    name: __,
    isScattered: ___,
    schemaFile,
    builtin,
    watermark,
    source,
    format: written,
    expectations,
    ...rest
  } = stream;
  return {
    ...(builtin === null ? { schema: schemaFile } : { builtin }),
    ...rest,
    watermark:
      watermark.kind === 'scripted'
        ? 'scripted'
        : {
            outOfOrderness: formatDuration(watermark.outOfOrdernessMs),
            idleTimeout: watermark.idleTimeoutMs === null ? null : formatDuration(watermark.idleTimeoutMs),
            maxAhead: watermark.maxAheadMs === null ? null : formatDuration(watermark.maxAheadMs),
            ...(watermark.maxWaitMs === undefined ? {} : { maxWait: formatDuration(watermark.maxWaitMs) }),
          },
    source: printSource(source),
    format: printFormat(written),
    contract: written.json.contract ?? 'freeze',
    expect: expectations.map(printExpectation),
  };
}
