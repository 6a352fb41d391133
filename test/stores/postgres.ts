/** A pipeline file of its own with tables in a schema of its own, run and asked as a user would. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, millrace, temporaryDirectory } from '../integration/millrace.ts';
import { onePostgres } from './postgres-script.ts';

export interface Place {
  readonly directory: string;
  readonly config: string;
  readonly data: string;
  readonly schema: string;
  /** Writes the pipeline file: what is beside the store, and the store's tables. */
  write(streams: string, tables: string, url?: string): void;
  /** Runs the file over lines of the stream; a text such as 12n is a whole number. */
  run(stream: string, lines: readonly object[], ...words: readonly string[]): Promise<Finished>;
  /** Asks the server itself. Each row is a line, with | between its columns. */
  sql(statement: string): string[];
}

let schemas = 0;

export function place(): Place {
  const directory = temporaryDirectory();
  const schema = `s${process.pid}_${++schemas}`;
  const config = join(directory, 'pipeline.yaml');
  const data = join(directory, 'data');
  return {
    directory,
    config,
    data,
    schema,
    write(streams, tables, url = onePostgres('url')) {
      const store = `stores:\n  warehouse:\n    postgres: { url: "${url}", schema: ${schema} }\n    tables: ${tables}\n`;
      writeFileSync(config, `name: test\n${streams}\n${store}`);
    },
    async run(stream, lines, ...words) {
      const input = join(directory, `${stream}.jsonl`);
      writeFileSync(input, lines.map((line) => `${JSON.stringify(line).replace(/"(\d+)n"/g, '$1')}\n`).join(''));
      return millrace(['run', '--config', config, '--input', `${stream}=${input}`, '--data', data, ...words]);
    },
    sql(statement) {
      const words = ['-XAtq', onePostgres('url'), '-c', `SET search_path = ${schema}`, '-c', statement];
      const { status, stdout, stderr } = spawnSync('psql', words, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return stdout.trim() === '' ? [] : stdout.trim().split('\n');
    },
  };
}

/** A stream of this schema's fields, which is written beside the pipeline file. */
export function declareStream({ directory }: Place, name: string, fields: readonly object[], more = ''): string {
  writeFileSync(join(directory, `${name}.avsc`), JSON.stringify({ type: 'record', name: 'Event', fields }));
  return `streams:\n  ${name}: { schema: ./${name}.avsc, key: id, eventTime: at${more} }`;
}

export const AT = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } };
