/** A file as the source of a stream, read in a thread of its own for as long as it lasts. */
import { statSync } from 'node:fs';
import { INPUT_FILES, WRONG_INPUT_FILE } from '../config/inputs.ts';
import { createFileSource } from '../sources/file.ts';
import type { Source } from '../sources/source.ts';
import { startBatchPool } from '../workers/pool.ts';
import type { StreamRuntime } from './pipeline.ts';

export interface FileInput {
  readonly source: Source;
  readonly ended: Promise<void>;
  counts(): { readonly records: number; readonly skipped: number };
}

/** Throws when the file is missing or of a format that is not read. */
export function createFileInput(stream: StreamRuntime, path: string): Omit<FileInput, 'ended'> {
  if (!INPUT_FILES.test(path)) throw new Error(`${path}: ${WRONG_INPUT_FILE}`);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Error(`${path}: there is no such file`);
  const pool = startBatchPool(1);
  const { eventType, config } = stream;
  const source = createFileSource({
    path,
    schema: eventType.schema,
    keyField: config?.key ?? '',
    readInput: pool.readInput,
  });
  return {
    source: {
      name: source.name,
      async run(intake, signal) {
        await source.run(intake, signal);
        await pool.close();
      },
    },
    counts: source.counts,
  };
}
