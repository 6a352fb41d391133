/**
 * Rows of CSV to events, by how they are written: nanoseconds of CPU time a row, splitting and decoding. The rows are made
 * anew: a text, a whole number, a time and a number with a fraction.
 */
import { createCsvDecoder } from '../dist/messages/csv.js';
import { type CsvOptions, dialectOf, RFC_4180 } from '../dist/messages/csv-options.js';
import { ISO_TIMES } from '../dist/messages/times.js';
import { createRecordSplitter } from '../dist/sources/csv-records.js';

const ROWS = 300_000;
const ROUNDS = 5;

const schema = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'place', type: 'string' },
    { name: 'count', type: 'long' },
    { name: 'takenAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'celsius', type: ['null', 'double'], default: null },
  ],
} as const;

interface Form {
  readonly form: string;
  readonly options: Partial<CsvOptions>;
  row(place: string, count: number, time: string, celsius: string): string;
}

const times = (own: object) => ({ times: { ...ISO_TIMES, ...own } });
const plain: Form['row'] = (place, count, time, celsius) => `${place},${count},${time}Z,${celsius}`;
const local = (time: string) => `${time.slice(8, 10)}.${time.slice(5, 7)}.${time.slice(0, 4)} ${time.slice(11)}`;

const FORMS: readonly Form[] = [
  { form: 'default', options: {}, row: plain },
  { form: 'a quoted text', options: {}, row: (place, ...rest) => plain(`"${place}"`, ...rest) },
  {
    form: 'nulls',
    options: { nulls: ['NA', '\\N', ''] },
    row: (place, count, time) => plain(place, count, time, 'NA'),
  },
  {
    form: 'timeZone',
    options: times({ timeZone: 'Europe/Berlin' }),
    row: (place, count, time, celsius) => `${place},${count},${time},${celsius}`,
  },
  {
    form: 'timeFormat',
    options: times({ timeZone: 'UTC', timeFormats: ['%d.%m.%Y %H:%M:%S'] }),
    row: (place, count, time, celsius) => `${place},${count},${local(time)},${celsius}`,
  },
  {
    form: 'epoch',
    options: times({ epoch: 'seconds' }),
    row: (place, count, time, celsius) => `${place},${count},${Date.parse(`${time}Z`) / 1000},${celsius}`,
  },
];

export function runCsv(): { form: string; 'ns a row': number }[] {
  const inputs = FORMS.map(({ form, options, row }) => {
    const rows = Array.from({ length: ROWS }, (_, i) => {
      const time = new Date(1_522_540_831_000 + i * 7000).toISOString().slice(0, 19);
      return row(`place-${i % 300}`, i, time, String((i % 400) / 10));
    });
    return { form, options, bytes: Buffer.from(rows.join('\n')), best: Number.POSITIVE_INFINITY };
  });
  // In turns, so that what else the machine does falls on all alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const input of inputs) input.best = Math.min(input.best, nsARow(input.bytes, input.options));
  }
  return inputs.map(({ form, best }) => ({ form, 'ns a row': Math.round(best) }));
}

function nsARow(bytes: Buffer, own: Partial<CsvOptions>): number {
  const options = { ...RFC_4180, ...own };
  const csv = createCsvDecoder(schema, 'place', Buffer.from('place,count,taken_at,celsius'), options);
  let rows = 0;
  const sink = {
    record(line: Buffer) {
      if (csv.row(line).ok) rows += 1;
    },
    tooLong() {},
  };
  const before = process.cpuUsage();
  const splitter = createRecordSplitter(sink, dialectOf(options));
  for (let at = 0; at < bytes.length; at += 65_536) splitter.push(bytes.subarray(at, at + 65_536));
  splitter.end();
  const { user, system } = process.cpuUsage(before);
  if (rows !== ROWS) throw new Error(`${rows} of ${ROWS} rows were events`);
  return ((user + system) * 1000) / ROWS;
}
