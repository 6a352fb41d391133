/** Files as the source of a stream, one after another, each read in a thread of its own. */
import { statSync } from 'node:fs';
import { ConfigError } from '../config/config-error.ts';
import { STANDARD_FORMAT } from '../messages/stream-format.ts';
import { formatProblem } from '../sources/file/adapter.ts';
import { createFileSource, type FileCounts, type FileSource, type ReadInput } from '../sources/file/file.ts';
import { createFilesSource } from '../sources/file/one-after-another.ts';
import { OtherFileError } from '../sources/source.ts';
import { startBatchPool } from '../workers/pool.ts';
import type { RunningStream } from './pipeline.ts';
import { type SourceChild, sourceChild } from './source-child.ts';

export interface FilesChild {
  readonly child: SourceChild;
  counts(): FileCounts;
}

/** Throws when a file is missing or of a format that is not read. */
export function filesChild(stream: RunningStream, paths: readonly string[]): FilesChild {
  const source = filesInput(stream, paths);
  return { child: sourceChild(source, stream.intake, stream.units), counts: source.counts };
}

/** Files that are read one after another. Throws as filesChild() does. */
export function filesInput(stream: RunningStream, paths: readonly string[]): FileSource {
  return createFilesSource(paths.map((path) => createFileInput(stream, path)));
}

function createFileInput(stream: RunningStream, path: string): FileSource {
  const problem = formatProblem(path);
  if (problem !== null) throw new Error(`${path}: ${problem}`);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Error(`${path}: there is no such file`);
  const { eventType, config } = stream;
  return createFileSource({
    path,
    schema: eventType.schema,
    keyField: config?.key ?? '',
    format: config?.format ?? STANDARD_FORMAT,
    readInput: readInThread,
  });
}

/** Reads a file in a thread that is there for as long as the reading lasts. */
export const readInThread: ReadInput = (...task) => {
  const pool = startBatchPool(1);
  const { done, grant } = pool.readInput(...task);
  return { done: done.finally(() => pool.close()), grant };
};

/** The part of a failure that the user has to mend; null for other failures. */
export function inputProblem(failure: unknown): ConfigError | null {
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof OtherFileError)) continue;
    return new ConfigError([{ file: cause.path, line: null, column: null, path: '', message: cause.problem }]);
  }
  return null;
}
