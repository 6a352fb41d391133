/**
 * What the texts of one column may be: every kind begins as possible, and a text that the kind's own reader refuses ends
 * it. The readers are those of the inputs themselves, so that what is left reads every text that was seen.
 */
import { annotated } from '../messages/annotated.ts';
import type { AvroSchema } from '../messages/avro.ts';
import { recordType } from '../messages/avro-schema.ts';
import { type Cell, cellOf } from '../messages/csv-cells.ts';
import { type CsvOptions, RFC_4180 } from '../messages/csv-options.ts';
import { FAILED, type Report } from '../messages/refusal.ts';
import { createTimes, ISO_TIMES, type TimeOptions } from '../messages/times.ts';

export type KindName =
  | 'boolean'
  | 'int'
  | 'long'
  | 'double'
  | 'comma'
  | 'date'
  | 'instant'
  | 'local'
  | 'clock'
  | 'uuid'
  | 'format'
  | 'text';

export interface Kind {
  readonly name: KindName;
  /** Of `format`. */
  readonly format: string | null;
  /** Of times and whole numbers: how far a later row lies behind an earlier one at most, in milliseconds or as it is. */
  readonly lagMs: number;
}

export interface ColumnKinds {
  take(text: string): void;
  /** The most exact kind that reads all of them. */
  kind(): Kind;
  /** Texts that were taken as one that stands for no value, with their numbers; what they are is open. */
  readonly blanks: ReadonlyMap<string, number>;
  /** Of all other texts. */
  readonly texts: number;
  /** Different ones among the first rows. */
  readonly distinct: ReadonlySet<string>;
  /** Whole numbers among them, at least and at most. */
  readonly range: { readonly min: number; readonly max: number };
  /** A time is finer than a millisecond. */
  readonly isFine: boolean;
}

/** Words that files have where there is no value. */
const BLANKS = new Set(['', 'NA', 'N/A', 'n/a', '#N/A', 'null', 'NULL', 'Null', 'None', 'nil', '\\N', '-', '--', '?']);
/** Formats that are tried where times are not ISO 8601; where two read all texts, the first. */
const FORMATS: readonly string[] = ['%d.%m.%Y', '%m/%d/%Y', '%d/%m/%Y', '%Y/%m/%d', '%d-%b-%Y', '%b %d, %Y'].flatMap(
  (date) => [date, ...['%H:%M', '%H:%M:%S', '%H:%M:%S.%f', '%I:%M %p', '%I:%M:%S %p'].map((time) => `${date} ${time}`)],
);
const DISTINCT_ROWS = 100_000;
const DAY_MS = 86_400_000;
const NUMBER_OF_ZEROS = /^[+-]?0\d/;

interface Candidate {
  readonly name: KindName;
  readonly format: string | null;
  readonly cell: Cell;
  /** Beside what its reader takes. */
  mayBe?(text: string): boolean;
  /** In milliseconds, of a value that is a time. */
  timeMs?(value: number): number;
  maxMs: number;
  lagMs: number;
}

export function createColumnKinds(): ColumnKinds {
  let alive = candidates();
  const blanks = new Map<string, number>();
  const distinct = new Set<string>();
  let texts = 0;
  let isFine = false;
  let scratch = Buffer.alloc(256);
  const range = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };

  return {
    blanks,
    distinct,
    range,
    get texts() {
      return texts;
    },
    get isFine() {
      return isFine;
    },
    take(text) {
      if (BLANKS.has(text)) {
        blanks.set(text, (blanks.get(text) ?? 0) + 1);
        return;
      }
      texts += 1;
      if (texts <= DISTINCT_ROWS) distinct.add(text);
      if (alive.length === 0) return;
      if (text.length * 3 > scratch.length) scratch = Buffer.alloc(text.length * 3);
      const end = scratch.write(text, 'utf8');
      let ended = false;
      for (const candidate of alive) {
        const value = candidate.mayBe?.(text) === false ? FAILED : candidate.cell(scratch, 0, end);
        if (value === FAILED) {
          candidate.maxMs = Number.NaN;
          ended = true;
        } else if (typeof value === 'number') {
          if (candidate.timeMs !== undefined) {
            const ms = candidate.timeMs(value);
            if (ms > candidate.maxMs) candidate.maxMs = ms;
            else if (candidate.maxMs - ms > candidate.lagMs) candidate.lagMs = candidate.maxMs - ms;
          }
          if (candidate.name === 'long') {
            range.min = Math.min(range.min, value);
            range.max = Math.max(range.max, value);
          }
        }
      }
      if (ended) alive = alive.filter(({ maxMs }) => !Number.isNaN(maxMs));
      isFine ||= /\d[.,]\d{4,}/.test(text);
    },
    kind() {
      const [best] = texts === 0 ? [] : alive;
      if (best === undefined) return { name: 'text', format: null, lagMs: 0 };
      const { name, format, lagMs } = best;
      return { name, format, lagMs };
    },
  };
}

function candidates(): Candidate[] {
  const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
  const cell = (type: AvroSchema, times: TimeOptions = ISO_TIMES, own: Partial<CsvOptions> = {}): Cell => {
    const [field] = recordType({ type: 'record', name: 'Probe', fields: [{ name: 'x', type }] }).fields;
    if (field === undefined) throw new Error('A record without its field');
    const scope = { report, times: createTimes(times), records: new Map() };
    return cellOf(field.type, false, scope, { ...RFC_4180, nulls: [], times, ...own });
  };
  const one = (name: KindName, own: Cell, more: Partial<Candidate> = {}): Candidate => {
    return { name, format: null, cell: own, maxMs: Number.NEGATIVE_INFINITY, lagMs: 0, ...more };
  };
  const instant: AvroSchema = annotated('long', 'timestamp-millis');
  const isWhole = (text: string): boolean => !text.includes('.') && !NUMBER_OF_ZEROS.test(text);
  const isText = (text: string): boolean => !/^-?\d+(\.\d*)?$/.test(text);
  const timeMs = (value: number): number => value;
  const local: AvroSchema = annotated('long', 'local-timestamp-millis');
  return [
    one('boolean', cell('boolean'), { mayBe: isText }),
    one('int', cell('int'), { mayBe: isWhole, timeMs }),
    one('long', cell('long'), { mayBe: isWhole, timeMs }),
    // A double would round a whole number of so many digits.
    one('double', cell('double'), { mayBe: (text) => !/^[+-]?\d{16,}$/.test(text) && !NUMBER_OF_ZEROS.test(text) }),
    one('comma', cell('double', ISO_TIMES, { decimal: ',' }), { mayBe: (text) => !NUMBER_OF_ZEROS.test(text) }),
    one('date', cell(annotated('int', 'date')), { mayBe: isText, timeMs: (days) => days * DAY_MS }),
    one('instant', cell(instant), { mayBe: isText, timeMs }),
    one('local', cell(local), { mayBe: isText, timeMs }),
    // Some with a zone and some without, or dates among times.
    one('clock', cell(instant, { ...ISO_TIMES, timeZone: 'UTC' }), { mayBe: isText, timeMs }),
    one('uuid', cell(annotated('string', 'uuid'))),
    ...FORMATS.map((format) =>
      one('format', cell(instant, { ...ISO_TIMES, timeZone: 'UTC', timeFormats: [format] }), { format, timeMs }),
    ),
  ];
}
