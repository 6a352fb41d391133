/** Writes Avro object container files: https://avro.apache.org/docs/1.12.0/specification/#object-container-files. */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { lengthPrefix } from './block.ts';
import type { RowPlaces } from './columns.ts';
import { MAGIC, SYNC_BYTES } from './container-header.ts';

export interface ContainerWriter {
  /** The bytes that the file begins with. */
  readonly header: Buffer;
  /** Takes the rows of a block of the schema. Returns bytes of the file, once enough rows have come together. */
  push(places: RowPlaces, rows: number): Buffer | null;
  /** The rest of the file. */
  end(): Buffer | null;
}

/** Rows are packed once they are so many bytes: as large as readers are used to, and far below their bounds. */
const BLOCK_BYTES = 256 * 1024;

/** `schemaJson` is the schema of every row. The same rows give the same bytes, whenever they are written. */
export function createContainerWriter(schemaJson: string): ContainerWriter {
  const sync = createHash('sha256').update(schemaJson).digest().subarray(0, SYNC_BYTES);
  let parts: Buffer[] = [];
  let bytes = 0;
  let count = 0;

  function take(): Buffer {
    const packed = deflateRawSync(Buffer.concat(parts));
    const head = Buffer.from([...lengthPrefix(count), ...lengthPrefix(packed.length)]);
    parts = [];
    bytes = 0;
    count = 0;
    return Buffer.concat([head, packed, sync]);
  }

  return {
    header: Buffer.concat([MAGIC, metadata({ 'avro.codec': 'deflate', 'avro.schema': schemaJson }), sync]),
    push({ bytes: block, starts, ends }, rows) {
      for (let row = 0; row < rows; row++) {
        const start = starts[row]!;
        // Rows lie side by side, but where the block's array has several parts.
        while (row + 1 < rows && starts[row + 1] === ends[row]) row += 1;
        // A copy: the block's memory may be another's by the time that the rows are packed.
        const part = Buffer.from(block.subarray(start, ends[row]));
        parts.push(part);
        bytes += part.length;
      }
      count += rows;
      return bytes < BLOCK_BYTES ? null : take();
    },
    end: () => (count === 0 ? null : take()),
  };
}

function metadata(entries: Readonly<Record<string, string>>): Buffer {
  const all = Object.entries(entries);
  const texts = all.flatMap(([name, value]) => [text(name), text(value)]);
  return Buffer.concat([Buffer.from(lengthPrefix(all.length)), ...texts, Buffer.from([0])]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from(lengthPrefix(bytes.length)), bytes]);
}
