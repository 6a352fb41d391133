/**
 * Decodes Avro object container files, from disk and from requests. No count or length is believed before it is checked
 * against the bytes that are there.
 *
 * A block is taken whole or not at all: a damaged block ends the container, and the blocks before it stand. A record that
 * does not fit the reader's schema is one misfit, and the records around it are events.
 */
import type { AvroRecord } from './avro.ts';
import { cursorOf, Damage, readLong } from './avro-cursor.ts';
import { recordType } from './avro-schema.ts';
import { type Budget, type ContainerBlock, decodeRecords, type Writer, writerOf } from './container-block.ts';
import { ContainerError, type Header, headerIfWhole, MAGIC, openHeader, SYNC_BYTES } from './container-header.ts';

export interface ContainerDecoder {
  /** Decodes a whole container; all its blocks together may unpack to `unpackedBytesMax`. */
  whole(bytes: Buffer, unpackedBytesMax: number): Generator<PlacedBlock, void, undefined>;
  /** Decodes a file as its bytes come. Both throw a ContainerError behind the last readable block. */
  stream(input: AsyncIterable<Buffer>): AsyncGenerator<PlacedBlock, void, undefined>;
}

export interface PlacedBlock extends ContainerBlock {
  /** Where the block ends in the container. */
  readonly endByte: number;
}

/** Bound of a block, packed and unpacked. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
/** Bounds of the memory that the events of a whole container, and of one block of a file, may take; estimates. */
const WHOLE_MEMORY_BYTES_MAX = 512 * 1024 * 1024;
const BLOCK_MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
/** How many values of no bytes, such as nulls in a list, are allowed beside one for each byte. */
const EMPTY_VALUES_MAX = 65_536;
/** How many writers stay compiled: requests with the same schema follow one another. */
const WRITERS_MAX = 16;
const KEPT_CHARACTERS_MAX = 64 * 1024;

/** Makes the decoder of a stream's events, whose key may not be null. Throws when the schema is not valid. */
export function createContainerDecoder(schema: AvroRecord, keyField: string): ContainerDecoder {
  const reader = recordType(schema);
  const writers = new Map<string, Writer>();

  function writerFor(text: string): Writer {
    const known = writers.get(text);
    if (known !== undefined) return known;
    const writer = writerOf(text, reader, keyField);
    const [oldest] = writers.keys();
    if (writers.size >= WRITERS_MAX && oldest !== undefined) writers.delete(oldest);
    if (text.length <= KEPT_CHARACTERS_MAX) writers.set(text, writer);
    return writer;
  }

  return {
    *whole(bytes, unpackedBytesMax) {
      const header = openHeader(bytes, writerFor);
      const blocks = blockReader(header, keyField);
      const budget = { memoryBytes: WHOLE_MEMORY_BYTES_MAX, empty: EMPTY_VALUES_MAX };
      let left = unpackedBytesMax;
      while (blocks.byte < bytes.length) {
        const head = blocks.head(bytes.subarray(blocks.byte));
        if (head.bytes > bytes.length - blocks.byte) throw blocks.error(new Damage('is cut off'));
        const block = blocks.read(bytes.subarray(blocks.byte), head, left, budget);
        left -= block.bytes.length;
        yield block;
      }
    },
    async *stream(input) {
      const feed = createFeed(writerFor, keyField);
      for await (const bytes of input) yield* feed.push(bytes);
      yield* feed.end();
    },
  };
}

type Blocks = Generator<PlacedBlock, void, undefined>;

/** Gathers the bytes of a file until a block is whole. */
function createFeed(
  writerFor: (text: string) => Writer,
  keyField: string,
): { push(bytes: Buffer): Blocks; end(): Blocks } {
  let buffer: Buffer = Buffer.alloc(0);
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  /** How many bytes the next step needs at least. */
  let needed = MAGIC.length;
  let reader: BlockReader | null = null;
  const budget = { memoryBytes: BLOCK_MEMORY_BYTES_MAX, empty: EMPTY_VALUES_MAX };

  function gather(): void {
    buffer = Buffer.concat([buffer, ...pending]);
    pending = [];
    pendingBytes = 0;
  }

  function open(header: Header): BlockReader {
    reader = blockReader(header, keyField);
    buffer = buffer.subarray(header.bytes);
    return reader;
  }

  function* wholeBlocks(from: BlockReader): Blocks {
    for (;;) {
      const head = from.head(buffer);
      needed = head.bytes;
      if (buffer.length < needed) return;
      budget.memoryBytes = BLOCK_MEMORY_BYTES_MAX;
      const block = from.read(buffer, head, BLOCK_BYTES_MAX, budget);
      buffer = buffer.subarray(needed);
      yield block;
    }
  }

  return {
    *push(bytes) {
      pending.push(bytes);
      pendingBytes += bytes.length;
      if (buffer.length + pendingBytes < needed) return;
      gather();
      if (reader !== null) yield* wholeBlocks(reader);
      else {
        const header = headerIfWhole(buffer, writerFor);
        needed = 2 * buffer.length;
        if (header !== null) yield* wholeBlocks(open(header));
      }
    },
    *end() {
      gather();
      const from = reader ?? open(openHeader(buffer, writerFor));
      yield* wholeBlocks(from);
      if (buffer.length > 0) throw from.error(new Damage('is cut off'));
    },
  };
}

interface BlockHead {
  readonly count: number;
  readonly dataStart: number;
  /** The block's size; at least so much when its head is not whole. */
  readonly bytes: number;
}

interface BlockReader {
  /** Where the next block begins in the container. */
  readonly byte: number;
  /** Reads the head of the block at the beginning of the bytes. */
  head(bytes: Buffer): BlockHead;
  /** Reads the block; the bytes must be as many as its head says. */
  read(bytes: Buffer, head: BlockHead, unpackedBytesMax: number, budget: Budget): PlacedBlock;
  error(damage: Damage): ContainerError;
}

function blockReader({ bytes: headerBytes, sync, unpack, writer }: Header, keyField: string): BlockReader {
  let byte = headerBytes;
  let blocks = 0;
  let records = 0;

  function errorOf(damage: Damage): ContainerError {
    const isLarge = damage.kind === 'too-large';
    const where = `Block ${blocks + 1}, at byte ${byte} and behind record ${records},`;
    const message = `${where} is ${isLarge ? 'too large' : 'damaged'}: it ${damage.message}`;
    return new ContainerError(isLarge ? 'too-large' : 'damaged-block', byte, message, damage.kind === 'cut', damage);
  }

  function told<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof Damage) throw errorOf(error);
      throw error;
    }
  }

  return {
    get byte() {
      return byte;
    },
    head: (bytes) => told(() => headOf(bytes)),
    read: (bytes, { count, dataStart, bytes: blockBytes }, unpackedBytesMax, budget) =>
      told(() => {
        const dataEnd = blockBytes - SYNC_BYTES;
        if (!sync.equals(bytes.subarray(dataEnd, blockBytes)))
          throw new Damage('does not end as blocks of its file do');
        const data = unpack(bytes.subarray(dataStart, dataEnd), Math.min(unpackedBytesMax, BLOCK_BYTES_MAX));
        const block = decodeRecords(writer, data, count, keyField, budget);
        byte += blockBytes;
        blocks += 1;
        records += count;
        return { ...block, endByte: byte };
      }),
    error: errorOf,
  };
}

function headOf(bytes: Buffer): BlockHead {
  const c = cursorOf(bytes, 0, 0);
  try {
    const count = readLong(c);
    const size = readLong(c);
    if (!(count >= 0)) throw new Damage(`claims ${count} records`);
    if (!(size >= 0 && size <= BLOCK_BYTES_MAX)) {
      throw new Damage(`claims ${size} bytes; at most ${BLOCK_BYTES_MAX} are read`);
    }
    return { count, dataStart: c.at, bytes: c.at + size + SYNC_BYTES };
  } catch (error) {
    if (error instanceof Damage && error.kind === 'cut') return { count: 0, dataStart: 0, bytes: bytes.length + 1 };
    throw error;
  }
}
