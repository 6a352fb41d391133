/** Files that a stream can be read from, known by their names; and whether those of a configuration are there. */
import { accessSync, constants, statSync } from 'node:fs';
import { type Config, ConfigError, type Problem } from './config.ts';

export const INPUT_FILES = /\.((csv|jsonl|avro)(\.gz)?|parquet)$/;
export const WRONG_INPUT_FILE = 'its name must end in .csv, .jsonl or .avro, in one of these and .gz, or in .parquet';

/**
 * Throws a ConfigError when a file that a stream is read from is not there. Only a service that starts needs it: what
 * reads a data directory, or is given another input, does not.
 */
export function requireInputFiles({ streams }: Config, configFile: string): void {
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
