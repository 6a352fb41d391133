/** How the inputs of a stream are written, where that is not RFC 4180 with a header, and ISO 8601. */
import { z } from 'zod';
import { COMPANIONS } from '../../builtin-types.ts';
import { type Report, unknownField } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { companionOf } from '../../messages/companion.ts';
import { createCsvDecoder } from '../../messages/csv.ts';
import { type CsvOptions, RFC_4180 } from '../../messages/csv-options.ts';
import type { StreamFormat } from '../../messages/stream-format.ts';
import { compileTimeFormat } from '../../messages/time-format.ts';
import { isZone } from '../../messages/time-zone.ts';
import type { TimeOptions } from '../../messages/times.ts';
import type { UnknownFields } from '../../messages/unknown-fields.ts';
import { messageOf } from '../config-error.ts';

const timeFormats = z
  .union([z.string().min(1), z.array(z.string().min(1))])
  .transform((written) => (typeof written === 'string' ? [written] : written))
  .superRefine((formats, context) => {
    for (const format of formats) {
      try {
        compileTimeFormat(format);
      } catch (error) {
        context.addIssue({ code: 'custom', message: `${JSON.stringify(format)} ${messageOf(error)}` });
      }
    }
  })
  .prefault([]);

const TIMES = {
  timeZone: z
    .string()
    .refine(isZone, { message: 'is no zone of the IANA database, such as Europe/Berlin' })
    .nullable()
    .default(null)
    .describe('Of times that are written without a zone; null refuses these.'),
  timeFormat: timeFormats.describe('Of times, as strptime has it: "%d.%m.%Y %H:%M", or several; ISO 8601 without.'),
  dateFormat: timeFormats.describe('Of dates, likewise.'),
  epoch: z
    .enum(['seconds', 'millis', 'micros', 'nanos'])
    .nullable()
    .default(null)
    .describe('Of numbers where a time should be; null for the unit of the field.'),
};

const character = z
  .string()
  .regex(/^[\t !-*,/:-@[-`{-~]$/, 'must be one ASCII character that is no part of a number or a word, or a tab');

export const format = z
  .strictObject({
    csv: z
      .strictObject({
        delimiter: character.default(RFC_4180.delimiter).describe('Between two cells.'),
        quote: character.nullable().default(RFC_4180.quote).describe('Around a cell; null where no cell is quoted.'),
        header: z
          .union([z.boolean(), z.array(z.string().min(1)).min(1)])
          .default(true)
          .describe('Whether the first record names the columns, or their names; false: the fields in their order.'),
        rename: z.record(z.string(), z.string().min(1)).default({}).describe('Column to field, where the two differ.'),
        ignoreCase: z.boolean().default(false).describe('Columns name fields in upper or lower case.'),
        extraColumns: z
          .enum(['refuse', 'ignore'])
          .optional()
          .describe('Columns that are no field: refuse, or as the contract of the stream says.'),
        comment: character.nullable().default(null).describe('What a line begins with that is no record, such as "#".'),
        skipLines: z.int().min(0).max(1_000_000).default(0).describe('Lines before the header, or the first record.'),
        nulls: z
          .array(z.string())
          .default([...RFC_4180.nulls])
          .describe('Cells that stand for null.'),
        decimal: z.enum(['.', ',']).default('.').describe('Before the fraction of a number.'),
        ...TIMES,
      })
      .refine(({ delimiter, quote }) => delimiter !== quote, { message: 'its delimiter and its quote are the same' })
      .refine(({ delimiter, quote, comment }) => comment === null || ![delimiter, quote].includes(comment), {
        message: 'its comments begin with its delimiter or its quote',
      })
      .prefault({}),
    jsonl: z.strictObject(TIMES).prefault({}).describe('JSON of files and of HTTP bodies.'),
  })
  .prefault({})
  .describe('How its inputs are written, where the default does not fit.');

type RawFormat = z.output<typeof format>;

/** Reports what does not fit the schema under the key `format`. */
export function formatOf(
  raw: RawFormat,
  schema: AvroRecord,
  key: string,
  report: Report,
  contract: UnknownFields = 'freeze',
): StreamFormat {
  const { timeZone: _, timeFormat: __, dateFormat: ___, epoch: ____, ...own } = raw.csv;
  const extraColumns = own.extraColumns ?? (contract === 'discard' ? 'ignore' : 'refuse');
  const csv = { ...own, extraColumns, times: timesOf(raw.csv) };
  for (const [column, field] of Object.entries(csv.rename)) {
    if (!isColumnOf(schema, field)) report(['format', 'csv', 'rename', column], unknownField(schema, field));
  }
  const problem = headerProblem(schema, key, csv);
  if (problem !== null) report(['format', 'csv', 'header'], problem);
  return { csv, json: { ...timesOf(raw.jsonl), ...(contract === 'freeze' ? {} : { contract }) } };
}

export function printFormat({ csv, json }: StreamFormat) {
  const { times, ...own } = csv;
  return { csv: { ...own, ...printTimes(times) }, jsonl: printTimes(json) };
}

function timesOf({ timeZone, timeFormat, dateFormat, epoch }: RawFormat['jsonl']): TimeOptions {
  return { timeZone, timeFormats: timeFormat, dateFormats: dateFormat, epoch };
}

function printTimes({ timeZone, timeFormats, dateFormats, epoch }: TimeOptions) {
  return { timeZone, timeFormat: timeFormats, dateFormat: dateFormats, epoch };
}

function isColumnOf(schema: AvroRecord, name: string): boolean {
  const beside = companionOf(COMPANIONS, schema)?.columns.fields ?? [];
  return [...schema.fields, ...beside].some((field) => field.name === name);
}

/** What is wrong with column names that the pipeline file has. A file's own header is judged when it is read. */
function headerProblem(schema: AvroRecord, key: string, csv: CsvOptions): string | null {
  if (csv.header === true) return null;
  try {
    createCsvDecoder(schema, key, null, csv, companionOf(COMPANIONS, schema));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
