/** `millrace features export`: the features of a range of time, as they were journaled, for training elsewhere. */
import { createWriteStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { exportFeatures, type FeatureRows } from '../data-directory/export-features.ts';
import { type VectorStream, vectorStreams } from '../data-directory/feature-vectors.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { nameHint } from '../nearest-word.ts';
import { actionOf, CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, type OptionValues, text } from './command.ts';
import { timeRange } from './days.ts';
import { EXIT, UsageError } from './exit.ts';

export const featuresCommand: Command = {
  name: 'features',
  summary: `features as they were computed at each event, point in time

  export           a row an event: its id, and its features in the order of the pipeline file`,
  usage: 'features export --from DAY --to DAY --output FILE [--stream NAME] [--digits N|all] [--data DIR]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    from: { type: 'string', value: 'DAY', help: 'a UTC day such as 2018-08-08, or an instant' },
    to: { type: 'string', value: 'DAY', help: 'a day, included; or an instant, which is not; else all' },
    output: { type: 'string', value: 'FILE', help: '.csv or .jsonl, each also .gz; - prints CSV' },
    stream: { type: 'string', value: 'NAME', help: 'of this stream, where several have features' },
    digits: { type: 'string', value: 'N', help: 'significant digits; 10 by default, all for each bit' },
  },
  async run(values, words) {
    actionOf('features', words, ['export']);
    const { fromMs, toMs } = timeRange(text(values, 'from'), text(values, 'to'));
    const output = text(values, 'output');
    if (output === undefined) throw new UsageError('say where to: --output features.csv');
    const isJson = /\.jsonl(\.gz)?$/.test(output);
    if (!isJson && output !== '-' && !/\.csv(\.gz)?$/.test(output))
      throw new UsageError(`--output takes a file that ends with .csv or .jsonl, not ${output}`);
    const digits = digitsOf(values);
    const dataDir = await dataDirOf(values);
    requireJournal(dataDir);
    const rows = await exportFeatures(dataDir, streamOf(dataDir, text(values, 'stream')), fromMs, toMs);
    const lines = Readable.from(isJson ? jsonLines(rows) : csvLines(rows, digits));
    const to: Writable = output === '-' ? process.stdout : createWriteStream(output);
    if (output.endsWith('.gz')) await pipeline(lines, createGzip(), to);
    else await pipeline(lines, to, { end: output !== '-' });
    process.stderr.write(`${rows.count.toLocaleString('en')} rows of ${rows.columns.length} columns\n`);
    return EXIT.ok;
  },
};

function streamOf(dataDir: string, name: string | undefined): VectorStream {
  const all = vectorStreams(dataDir);
  const [first, ...others] = all;
  if (first === undefined) throw new UsageError(`${dataDir} has no features: its pipeline file has no \`features:\``);
  const known = all.map((stream) => stream.name);
  if (name === undefined && others.length > 0) throw new UsageError(`name the stream: --stream ${known.join(', ')}`);
  const found = name === undefined ? first : all.find((each) => each.name === name || each.name === `${name}.features`);
  if (found === undefined) throw new UsageError(`no stream ${name} has features; ${nameHint(String(name), known)}`);
  return found;
}

/** Null for all of them. */
function digitsOf(values: OptionValues): number | null {
  const written = text(values, 'digits') ?? '10';
  if (written === 'all') return null;
  const digits = Number(written);
  if (!Number.isInteger(digits) || digits < 1 || digits > 17) throw new UsageError('--digits takes 1 to 17, or all');
  return digits;
}

const LINES = 4096;

function* csvLines({ columns, count, row }: FeatureRows, digits: number | null): Generator<string> {
  let text = `${columns.join(',')}\n`;
  for (let place = 0; place < count; place++) {
    const numbers = row(place);
    for (let i = 0; i < numbers.length; i++) text += (i === 0 ? '' : ',') + numberText(numbers[i]!, digits);
    text += '\n';
    if (place % LINES !== 0) continue;
    yield text;
    text = '';
  }
  yield text;
}

function numberText(value: number, digits: number | null): string {
  if (Number.isNaN(value)) return '';
  return digits === null || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

function* jsonLines({ columns, count, row }: FeatureRows): Generator<string> {
  for (let place = 0; place < count; place++) {
    const numbers = row(place);
    const entries = columns.map((column, i) => [column, Number.isNaN(numbers[i]) ? null : numbers[i]]);
    yield `${JSON.stringify(Object.fromEntries(entries))}\n`;
  }
}
