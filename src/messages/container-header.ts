/** The header of a container, which names its codec and its writer's schema. */
import { type Cursor, checkPartEnd, cursorOf, Damage, readCount, readLength, readText, take } from './avro-cursor.ts';
import type { Writer } from './container-block.ts';
import { type Unpack, unpackerOf } from './container-codecs.ts';

/** Why a container can't be read, or read on. */
export class ContainerError extends Error {
  /** `schema-mismatch` when no record of it could be an event. */
  readonly reason: 'not-avro' | 'schema-mismatch' | 'damaged-block' | 'too-large';
  /** Where the unreadable part begins: a block, or the header. */
  readonly byte: number;
  /** Whether more bytes could mend the container. */
  readonly isCut: boolean;
  constructor(reason: ContainerError['reason'], byte: number, message: string, isCut = false, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
    this.byte = byte;
    this.isCut = isCut;
  }
}

export const MAGIC = Buffer.from('Obj\u0001', 'latin1');
export const SYNC_BYTES = 16;
/** Bound of the metadata, which holds the schema. */
const HEADER_BYTES_MAX = 16 * 1024 * 1024;

export interface Header {
  readonly bytes: number;
  readonly sync: Buffer;
  readonly unpack: Unpack;
  readonly writer: Writer;
}

/** The header; null when more bytes could make it whole. */
export function headerIfWhole(bytes: Buffer, writerFor: (text: string) => Writer): Header | null {
  try {
    return openHeader(bytes, writerFor);
  } catch (error) {
    if (error instanceof ContainerError && error.isCut && bytes.length < HEADER_BYTES_MAX) return null;
    throw error;
  }
}

/** Throws a ContainerError, also when no record of the container could be an event. */
export function openHeader(bytes: Buffer, writerFor: (text: string) => Writer): Header {
  if (bytes.length < MAGIC.length && MAGIC.subarray(0, bytes.length).equals(bytes)) {
    throw new ContainerError('not-avro', 0, 'The container is cut off within its header', true);
  }
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ContainerError('not-avro', 0, 'It does not begin as an Avro object container file does');
  }
  const c = cursorOf(bytes, HEADER_BYTES_MAX, 0);
  c.at = MAGIC.length;
  let metadata: ReadonlyMap<string, Buffer>;
  let sync: Buffer;
  try {
    metadata = readMetadata(c);
    const start = take(c, SYNC_BYTES);
    sync = Buffer.from(bytes.subarray(start, c.at));
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const isCut = error.kind === 'cut';
    const problem = isCut ? 'The container is cut off within its header' : `Its header ${error.message}`;
    throw new ContainerError('not-avro', 0, problem, isCut, error);
  }
  try {
    const unpack = unpackerOf(metadata.get('avro.codec')?.toString('utf8') ?? 'null');
    const schema = metadata.get('avro.schema');
    if (schema === undefined) throw new Error('its header has no avro.schema');
    return { bytes: c.at, sync, unpack, writer: writerFor(schema.toString('utf8')) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ContainerError(
      'schema-mismatch',
      0,
      `It can't be read as events of the stream: ${problem}`,
      false,
      error,
    );
  }
}

function readMetadata(c: Cursor): Map<string, Buffer> {
  const metadata = new Map<string, Buffer>();
  const part = { end: -1 };
  for (;;) {
    const count = readCount(c, 2, part);
    if (count === 0) return metadata;
    for (let i = 0; i < count; i++) {
      const key = readText(c) ?? '';
      if (metadata.has(key)) throw new Damage(`has ${JSON.stringify(key.slice(0, 60))} twice`);
      const length = readLength(c);
      const start = take(c, length);
      metadata.set(key, c.bytes.subarray(start, start + length));
    }
    checkPartEnd(c, part.end);
  }
}
