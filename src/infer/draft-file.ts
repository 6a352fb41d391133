/** A draft of the stream that a file would be, by the file's format. */
import { fileFormat } from '../sources/file/open.ts';
import { csvFile } from './csv-file.ts';
import { jsonlFile } from './jsonl-file.ts';
import { parquetFile } from './parquet-file.ts';
import { type Draft, DraftError, draftOf, type Found } from './stream-draft.ts';

/** Throws a DraftError, in words, for a file that can't be a stream. */
export async function draftFile(path: string, name: string): Promise<Draft> {
  try {
    return draftOf(name, await found(path));
  } catch (error) {
    throw new DraftError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function found(path: string): Promise<Found> {
  switch (fileFormat(path)) {
    case 'csv':
      return csvFile(path);
    case 'jsonl':
      return jsonlFile(path);
    case 'parquet':
      return parquetFile(path);
    default:
      throw new DraftError('its name must end in .csv or .jsonl, in one of these and .gz or .zst, or in .parquet');
  }
}
