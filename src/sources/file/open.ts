/** The bytes of an input file, unpacked when its name ends in `.gz`. An error on the way reaches who reads them. */
import { createReadStream } from 'node:fs';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const READ_BYTES = 256 * 1024;

export function openInput(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (!path.endsWith('.gz')) return file;
  return pipeline(file, createGunzip({ chunkSize: READ_BYTES }), new PassThrough(), () => {});
}
