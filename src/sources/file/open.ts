/** Input files by their names: the format, and the bytes unpacked. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { unpackZstandard } from '../../messages/zstandard.ts';

export type FileFormat = 'csv' | 'jsonl' | 'json' | 'avro' | 'parquet';

const PACKABLE = /\.(csv|jsonl|json|avro)(?:\.gz|\.zst)?$/;
const READ_BYTES = 256 * 1024;
/** Zstandard is unpacked as a whole, in memory. */
const ZSTANDARD_BYTES_MAX = 1024 ** 3;

export const INPUT_FILES = '.csv, .jsonl, .json or .avro, in one of these and .gz or .zst, or in .parquet';

/** Null for a name that says none. */
export function fileFormat(path: string): FileFormat | null {
  if (path.endsWith('.parquet')) return 'parquet';
  switch (PACKABLE.exec(path)?.[1]) {
    case 'csv':
      return 'csv';
    case 'jsonl':
      return 'jsonl';
    case 'json':
      return 'json';
    case 'avro':
      return 'avro';
    default:
      return null;
  }
}

/** An error on the way reaches who reads the bytes. */
export function openInput(path: string): Readable {
  if (path.endsWith('.zst')) return Readable.from(unpacked(path));
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (!path.endsWith('.gz')) return file;
  return pipeline(file, createGunzip({ chunkSize: READ_BYTES }), new PassThrough(), () => {});
}

async function* unpacked(path: string): AsyncGenerator<Buffer> {
  const bytes = unpackZstandard(await readFile(path), ZSTANDARD_BYTES_MAX);
  for (let at = 0; at < bytes.length; at += READ_BYTES) yield bytes.subarray(at, at + READ_BYTES);
}
