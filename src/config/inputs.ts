/** Whether what a stream is read from can be read: its form, its file's name, and that the file is there. */
import { accessSync, constants, statSync } from 'node:fs';
import type { AvroRecord } from '../messages/avro.ts';
import { createJsonDecoder } from '../messages/json.ts';
import { ConfigError, type Problem } from './config-error.ts';
import type { SourceConfig } from './sections/sources.ts';

/** Of a configuration. */
interface WithSources {
  readonly streams: readonly { readonly name: string; readonly source: SourceConfig }[];
}

/** By its name. */
export const INPUT_FILES = /\.((csv|jsonl|avro)(\.gz)?|parquet)$/;
export const WRONG_INPUT_FILE = 'its name must end in .csv, .jsonl or .avro, in one of these and .gz, or in .parquet';

/** Why the events of a source could not be read: what `start` would otherwise find out. */
export function inputProblem(
  source: SourceConfig,
  schema: AvroRecord,
  key: string,
): { readonly key: 'schema' | 'source'; readonly message: string } | null {
  if (source.kind === 'file' && !INPUT_FILES.test(source.path)) return { key: 'source', message: WRONG_INPUT_FILE };
  if (source.kind !== 'http') return null;
  try {
    createJsonDecoder(schema, key);
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { key: 'schema', message: `has no form in JSON, which events over HTTP may be in: ${why}` };
  }
}

/**
 * Throws a ConfigError when a file that a stream is read from is not there. Only a service that starts needs it: what
 * reads a data directory, or is given another input, does not.
 */
export function requireInputFiles({ streams }: WithSources, configFile: string): void {
  const problems = streams.flatMap(({ name, source }): Problem[] => {
    const message = source.kind === 'file' ? fileProblem(source.path) : null;
    if (message === null) return [];
    return [{ file: configFile, line: null, column: null, path: `streams.${name}.source.file.path`, message }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

function fileProblem(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return `${path}: there is no such file`;
  if (!stat.isFile()) return `${path} is no file`;
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch {
    return `${path} can't be read by this user`;
  }
}
