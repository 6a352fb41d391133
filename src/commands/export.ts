/** `millrace export`: a stream as a file that others read, and that `import` takes back. */

import { resolve } from 'node:path';
import { durableEnds } from '../channel/durable-ends.ts';
import { EXPORT_FILES, type ExportFormat, exportFormat, exportStream } from '../data-directory/export-stream.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { conditionProblem, type JournaledStream, journaledStreams } from '../data-directory/stream-rows.ts';
import { unknownName } from '../keys/names.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, type OptionValues, print, text } from './command.ts';
import { isTime, timeRange } from './days.ts';
import { EXIT, UsageError } from './exit.ts';
import { loadText, WAREHOUSES, type Warehouse } from './warehouse-load.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: 'write a stream to a file, beside a running service too: its events as they were journaled, in their order',
  usage:
    'export STREAM --to FILE [--where SQL] [--from TIME] [--to TIME] [--load bigquery|snowflake] [--config FILE] [--data DIR]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    to: {
      type: 'string',
      multiple: true,
      value: 'FILE|TIME',
      help: `a file, ${EXPORT_FILES}; - prints JSON lines. A second one is a time: a UTC day, included, or an instant, which is not`,
    },
    from: { type: 'string', value: 'TIME', help: 'of the event time: a UTC day such as 2018-08-08, or an instant' },
    where: { type: 'string', value: 'SQL', help: 'such as "amount > 10 AND country = \'DE\'", as in a pipeline file' },
    load: {
      type: 'string',
      value: 'WAREHOUSE',
      help: 'print how that loads the file, which is Parquet: bigquery or snowflake',
    },
  },
  async run(values, [name, ...rest]) {
    if (name === undefined || rest.length > 0) throw new UsageError('name one stream: export STREAM --to FILE');
    const { path, format, until } = targetOf(values);
    const warehouse = warehouseOf(values, format);
    const range = timeRange(text(values, 'from'), until);
    const dataDir = await dataDirOf(values);
    requireJournal(dataDir);
    const stream = streamOf(dataDir, name);
    if (stream.timeField === null && (Number.isFinite(range.fromMs) || Number.isFinite(range.toMs)))
      throw new UsageError(`${name} has no event time: --from and --to need one, --where does not`);
    const where = text(values, 'where') ?? null;
    const problem = where === null ? null : conditionProblem(where, stream);
    if (problem !== null) throw new UsageError(`--where, ${problem}`);
    const ends = (await durableEnds(dataDir)) ?? new Map<string, number>();
    const count = await exportStream(dataDir, { stream, choice: { where, ...range, ends }, format, path });
    process.stderr.write(
      `millrace: ${count.toLocaleString('en')} events of ${name} in ${path === '-' ? 'all' : path}\n`,
    );
    if (warehouse !== null) await print(loadText(warehouse, name, resolve(path)));
    return EXIT.ok;
  },
};

function warehouseOf(values: OptionValues, format: ExportFormat): Warehouse | null {
  const word = text(values, 'load');
  if (word === undefined) return null;
  const warehouse = WAREHOUSES.find((each) => each === word);
  if (warehouse === undefined) throw new UsageError(unknownName('warehouse', word, WAREHOUSES));
  if (format !== 'parquet') throw new UsageError('--load is for a file of Parquet: --to FILE.parquet');
  return warehouse;
}

/** `--to` stands for a file and for a time: what is no time names the file. */
function targetOf(values: OptionValues): {
  readonly path: string;
  readonly format: ExportFormat;
  readonly until: string | undefined;
} {
  const given = [values.to ?? []].flat().map(String);
  const [path, another] = given.filter((each) => !isTime(each));
  const [until, ...more] = given.filter(isTime);
  if (path === undefined) throw new UsageError(`say which file to write: --to FILE, ${EXPORT_FILES}`);
  if (another !== undefined)
    throw new UsageError(`--to names two files, ${path} and ${another}; one of them may be a time`);
  if (more.length > 0) throw new UsageError(`--to has two times, ${until} and ${more.join(', ')}`);
  const format = exportFormat(path);
  if (format === null) throw new UsageError(`--to takes a file whose name ends in ${EXPORT_FILES}, not ${path}`);
  return { path, format, until };
}

function streamOf(dataDir: string, name: string): JournaledStream {
  const all = journaledStreams(dataDir);
  const found = all.find((stream) => stream.name === name);
  if (found !== undefined) return found;
  const known = all.map((stream) => stream.name);
  throw new UsageError(`${unknownName('stream', name, known)} (of ${dataDir})`);
}
