/**
 * Avro encoding and decoding; the only importer of avsc.
 *
 * A block is encoded once where a batch is made, decoded once where it is used, and passed between threads and to disk
 * as bytes.
 */
import { inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import type { AvroRecord, FromAvro } from './avro.ts';
import { type Block, type BlockWriter, createBlockWriter } from './block.ts';
import { type Columns, columnReaders, columnsOfEvents } from './columns.ts';
import { makeLongsExact } from './exact-long.ts';
import { rabinFingerprint } from './fingerprint.ts';
import { recordWriter } from './record-writer.ts';
import { makeTextsWellFormed } from './well-formed.ts';

makeLongsExact(avro.types.LongType.prototype);
makeTextsWellFormed(avro.types.StringType.prototype, () => avro.Type.forSchema('string').fromBuffer(Buffer.alloc(1)));

/** A schema and how it is told apart, without a type for its values. */
export interface EventSchema {
  /** Full name, such as `dev.millrace.Transaction`. */
  readonly name: string;
  /** CRC-64-AVRO of the canonical form, as 16 hexadecimal digits. */
  readonly fingerprint: string;
  readonly schema: AvroRecord;
  /** The schema as JSON, as it is written into a log. */
  readonly json: string;
}

export interface EventType<T> extends EventSchema {
  encode(event: T): Buffer;
  decode(bytes: Uint8Array): T;
  encodeBlock(events: readonly T[]): Block;
  decodeBlock(bytes: Uint8Array): T[];
  /** The events of a block as columns; what they share with it must not change. */
  columns(block: Pick<Block, 'bytes' | 'count'>): Columns;
  /** The same for block after block, each into the memory of the one before, whose columns are then gone. */
  columnReader(): (block: Pick<Block, 'bytes' | 'count'>) => Columns;
  /** A block that is written event by event. */
  blockWriter(): BlockWriter<T>;
  /** Where `value` departs from the schema, as a path of field names; null when it is valid. */
  invalidPath(value: unknown): readonly string[] | null;
}

/** The event type of a schema literal. Throws when the schema is not valid Avro. */
export function eventType<const S extends AvroRecord>(schema: S): EventType<FromAvro<S>> {
  return compile<FromAvro<S>>(schema);
}

/** An event whose schema is known only at run time: a stream that a user declared. */
export type DynamicEvent = Readonly<Record<string, unknown>>;

/** The event type of a schema read from a file. Throws when the schema is not a valid Avro record. */
export function dynamicEventType(schema: AvroRecord): EventType<DynamicEvent> {
  return compile<DynamicEvent>(schema);
}

/** The event type of a schema that is put together at run time, of values known to be `T`. */
export function eventTypeOf<T>(schema: AvroRecord): EventType<T> {
  return compile<T>(schema);
}

/** Decodes blocks that were written with an older or newer schema of the same record. */
export function resolvingDecoder<T>(reader: EventType<T>, writerJson: string): (bytes: Uint8Array) => T[] {
  const readerType = avroType({ type: 'array', items: reader.schema });
  const writerType = avroType({ type: 'array', items: JSON.parse(writerJson) });
  const resolver = readerType.createResolver(writerType);
  return (bytes) => readerType.fromBuffer(asBuffer(bytes), resolver);
}

export type ContainerDecoded<T> =
  | { readonly ok: true; readonly datums: readonly Datum<T>[] }
  | { readonly ok: false; readonly detail: string };

const CONTAINER_MAGIC = Buffer.from('Obj\u0001', 'latin1');
const containerHeader = avro.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
});
const containerBlock = avro.Type.forSchema({
  type: 'record',
  name: 'Block',
  fields: [
    { name: 'count', type: 'long' },
    { name: 'data', type: 'bytes' },
    { name: 'sync', type: { type: 'fixed', name: 'BlockSync', size: 16 } },
  ],
});

/** An Avro object container file, codec `null`, whose schema resolves to the reader's. */
export function decodeContainer<T>(reader: EventType<T>, bytes: Buffer): ContainerDecoded<T> {
  try {
    if (!bytes.subarray(0, CONTAINER_MAGIC.length).equals(CONTAINER_MAGIC)) {
      return { ok: false, detail: 'It does not begin as an Avro object container file does' };
    }
    const header = containerHeader.decode(bytes, 0);
    const codec = header.value.meta['avro.codec']?.toString('utf8') ?? 'null';
    if (codec !== 'null') return { ok: false, detail: `The codec ${codec} is not supported; use null` };
    const writer = avroType(JSON.parse(header.value.meta['avro.schema'].toString('utf8')));
    const readerType = avroType(reader.schema);
    const resolver = readerType.createResolver(writer);
    const datums: Datum<T>[] = [];
    for (let at = header.offset; at < bytes.length; ) {
      const block = containerBlock.decode(bytes, at);
      if (block.offset < 0 || !block.value.sync.equals(header.value.sync))
        return { ok: false, detail: 'A block is damaged or cut off' };
      for (let from = 0, i = 0; i < block.value.count; i++) {
        const decoded = readerType.decode(block.value.data, from, resolver);
        if (decoded.offset < 0) return { ok: false, detail: 'A block ends in the middle of an event' };
        datums.push({ event: decoded.value, raw: block.value.data.subarray(from, decoded.offset) });
        from = decoded.offset;
      }
      at = block.offset;
    }
    return { ok: true, datums };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Of the header, and of one block, packed or not. */
const CONTAINER_PART_BYTES_MAX = 64 * 1024 * 1024;
const SYNC_BYTES = 16;
const longType = avro.Type.forSchema('long');

/**
 * The events of an object container file (codecs `null` and `deflate`) as its bytes come, block by block, resolved to the
 * reader's schema. Throws when the file is damaged or cut off: avsc's own stream takes a cut file for a whole one.
 */
export async function* containerBlocks<T>(
  reader: EventType<T>,
  input: AsyncIterable<Buffer>,
): AsyncGenerator<Datum<T>[], void, undefined> {
  let buffer: Buffer = Buffer.alloc(0);
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  /** Nothing can be made of fewer bytes than this. */
  let needed = CONTAINER_MAGIC.length;
  let header: ContainerHeader<T> | null = null;
  for await (const bytes of input) {
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (buffer.length + pendingBytes < needed) continue;
    buffer = Buffer.concat([buffer, ...pending]);
    pending = [];
    pendingBytes = 0;
    if (header === null) {
      header = containerHead(reader, buffer);
      needed = header === null ? 2 * buffer.length : 0;
      if (needed > CONTAINER_PART_BYTES_MAX) throw new Error('The header of the container does not end');
      if (header === null) continue;
      buffer = buffer.subarray(header.bytes);
    }
    for (;;) {
      const block = header.block(buffer);
      needed = block.bytes;
      if (block.datums === null) break;
      buffer = buffer.subarray(block.bytes);
      yield block.datums;
    }
  }
  if (header === null || buffer.length + pendingBytes > 0) throw new Error('The container is cut off');
}

/** An event as a container has it: its bytes are by the writer's schema, and are a view. */
export type Datum<T> = { readonly event: T; readonly raw: Buffer };

interface ContainerHeader<T> {
  readonly bytes: number;
  /** The block that the bytes begin with and its length; of one that is not whole yet, how long it is at least. */
  block(bytes: Buffer): { readonly datums: Datum<T>[] | null; readonly bytes: number };
}

/** Null when the header is not whole yet. */
function containerHead<T>(reader: EventType<T>, buffer: Buffer): ContainerHeader<T> | null {
  if (!buffer.subarray(0, CONTAINER_MAGIC.length).equals(CONTAINER_MAGIC)) {
    throw new Error('It does not begin as an Avro object container file does');
  }
  const { value, offset } = containerHeader.decode(buffer, 0);
  if (offset < 0) return null;
  const codec: string = value.meta['avro.codec']?.toString('utf8') ?? 'null';
  if (codec !== 'null' && codec !== 'deflate') {
    throw new Error(`The codec ${codec} is not supported; use deflate or null`);
  }
  const writer = avroType(JSON.parse(value.meta['avro.schema']?.toString('utf8') ?? 'null'));
  const readerType = avroType(reader.schema);
  const resolver = readerType.createResolver(writer);

  function decode(count: number, data: Buffer): Datum<T>[] {
    // An event has a key and a time, so it is never of no bytes.
    if (count < 0 || count > data.length) throw new Error(`A block of ${data.length} bytes claims ${count} events`);
    const datums: Datum<T>[] = [];
    let from = 0;
    while (datums.length < count) {
      const decoded = readerType.decode(data, from, resolver);
      if (decoded.offset < 0) throw new Error('A block ends in the middle of an event');
      datums.push({ event: decoded.value, raw: data.subarray(from, decoded.offset) });
      from = decoded.offset;
    }
    if (from !== data.length) throw new Error('A block goes on behind its last event');
    return datums;
  }

  return {
    bytes: offset,
    block(bytes) {
      const count = longType.decode(bytes, 0);
      const size = count.offset < 0 ? count : longType.decode(bytes, count.offset);
      if (size.offset < 0) return { datums: null, bytes: bytes.length + 1 };
      if (size.value < 0 || size.value > CONTAINER_PART_BYTES_MAX) {
        throw new Error(`A block has ${size.value} bytes; at most ${CONTAINER_PART_BYTES_MAX} are read`);
      }
      const end = size.offset + size.value;
      if (bytes.length < end + SYNC_BYTES) return { datums: null, bytes: end + SYNC_BYTES };
      if (!value.sync.equals(bytes.subarray(end, end + SYNC_BYTES))) throw new Error('A block is damaged');
      const data = bytes.subarray(size.offset, end);
      const unpacked = codec === 'deflate' ? inflateRawSync(data, { maxOutputLength: CONTAINER_PART_BYTES_MAX }) : data;
      return { datums: decode(count.value, unpacked), bytes: end + SYNC_BYTES };
    },
  };
}

/** A writer's schema with its full name. Throws when it is not a named record. */
export function recordOf(schemaJson: string): { readonly name: string; readonly schema: AvroRecord } {
  const schema: unknown = JSON.parse(schemaJson);
  const { name } = avroType(schema);
  if (name === undefined || !isRecordSchema(schema)) {
    throw new Error(`Not an Avro record schema with a name: ${schemaJson.slice(0, 80)}`);
  }
  return { name, schema };
}

function isRecordSchema(schema: unknown): schema is AvroRecord {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'record';
}

const INITIAL_SCRATCH_BYTES = 1 << 16;

function compile<T>(schema: AvroRecord): EventType<T> {
  const type = avroType(schema);
  const blockType = avroType({ type: 'array', items: schema });
  const fingerprint = rabinFingerprint(JSON.stringify(type.schema()));
  // One scratch buffer a type: a block is encoded into it and copied out, so that most blocks are written once.
  let scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES);
  const newReader = columnReaders(schema);
  const writeRecord = recordWriter<T>(schema);
  function eventColumns(): (block: Pick<Block, 'bytes' | 'count'>) => Columns {
    const read = newReader?.() ?? null;
    return ({ bytes, count }) => {
      if (read !== null) return read(asBuffer(bytes), count);
      return columnsOfEvents(blockType.fromBuffer(asBuffer(bytes)));
    };
  }
  return {
    name: type.name ?? schema.name,
    fingerprint,
    schema,
    json: JSON.stringify(schema),
    encode: (event) => type.toBuffer(event),
    decode: (bytes) => type.fromBuffer(asBuffer(bytes)),
    encodeBlock(events) {
      let end = blockType.encode(events, scratch, 0);
      if (end < 0) {
        scratch = Buffer.allocUnsafeSlow((scratch.length - end) * 2);
        end = blockType.encode(events, scratch, 0);
      }
      return { fingerprint, count: events.length, bytes: new Uint8Array(scratch.subarray(0, end)) };
    },
    decodeBlock: (bytes) => blockType.fromBuffer(asBuffer(bytes)),
    columns: (block) => eventColumns()(block),
    columnReader: eventColumns,
    blockWriter: () =>
      createBlockWriter(fingerprint, writeRecord, (event, buffer, at) => type.encode(event, buffer, at)),
    invalidPath(value) {
      let invalid: readonly string[] | null = null;
      const valid = type.isValid(value, {
        noUndeclaredFields: true,
        errorHook: (path) => {
          invalid ??= [...path];
        },
      });
      return valid ? null : (invalid ?? []);
    },
  };
}

function avroType(schema: unknown): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, { omitRecordMethods: true, registry: {} });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
