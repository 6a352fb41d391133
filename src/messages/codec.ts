/**
 * Avro encoding and decoding; the only importer of avsc.
 *
 * A block is encoded once where a batch is made, decoded once where it is used, and passed between threads and to disk
 * as bytes.
 */
import avro from 'avsc';
import type { AvroRecord, FromAvro } from './avro.ts';
import { type Block, type BlockWriter, createBlockWriter } from './block.ts';
import { type Columns, columnReaders } from './columns.ts';
import { makeLongsExact, makeUnionsTakeLongs } from './exact-long.ts';
import { rabinFingerprint } from './fingerprint.ts';
import { createFlatWriter, type FlatWriter } from './flat-writer.ts';
import { recordWriter } from './record-writer.ts';
import { type JsonWriter, typedJson } from './typed-json.ts';
import { makeTextsWellFormed } from './well-formed.ts';

makeLongsExact(avro.types.LongType.prototype);
makeUnionsTakeLongs(avro.types.UnwrappedUnionType.prototype);
makeTextsWellFormed(avro.types.StringType.prototype, () => avro.Type.forSchema('string').fromBuffer(Buffer.alloc(1)));

/** A schema with its name and fingerprint, without a type for its values. */
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
  /** The events of a block as columns. They share memory with the block, which must not change. */
  columns(block: Pick<Block, 'bytes' | 'count'>): Columns;
  /** Reads block after block into the same memory: each call invalidates the columns of the call before. */
  columnReader(): (block: Pick<Block, 'bytes' | 'count'>) => Columns;
  /** An event as JSON with all digits; a decimal is a number, other bytes are a text with a character for each. */
  eventJson(event: T): string;
  /** A block that is written event by event. */
  blockWriter(): BlockWriter<T>;
  /** The same without an object an event. Throws when a field is no plain number, boolean or text. */
  flatWriter(): FlatWriter<T>;
  /** Path to the field where `value` departs from the schema; null when it is valid. */
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

/** A writer's schema with its full name. Throws when it is not a named record. */
export function recordOf(schemaJson: string): { readonly name: string; readonly schema: AvroRecord } {
  const schema: unknown = JSON.parse(schemaJson);
  const { name } = avroType(schema);
  if (name === undefined || !isRecordSchema(schema)) {
    throw new Error(`Not an Avro record schema with a name: ${schemaJson.slice(0, 80)}`);
  }
  return { name, schema };
}

export function isRecordSchema(schema: unknown): schema is AvroRecord {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'record';
}

const INITIAL_SCRATCH_BYTES = 1 << 16;

function compile<T>(schema: AvroRecord): EventType<T> {
  const type = avroType(schema);
  // The compiled record is the item: it would be compiled a second time from its schema.
  const blockType = avroType({ type: 'array', items: type });
  const fingerprint = rabinFingerprint(JSON.stringify(type.schema()));
  // One scratch buffer a type: a block is encoded into it and copied out, so that most blocks are written once.
  let scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES);
  let writeJson: JsonWriter | null = null;
  // Many types are never read as columns.
  let newReader: ReturnType<typeof columnReaders> | null = null;
  const writeRecord = recordWriter<T>(schema);
  function eventColumns(): (block: Pick<Block, 'bytes' | 'count'>) => Columns {
    newReader ??= columnReaders(schema, (path) => valueDecoder(type, path));
    const read = newReader();
    return ({ bytes, count }) => read(asBuffer(bytes), count);
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
    eventJson(event) {
      writeJson ??= typedJson(schema);
      return writeJson(event);
    },
    columns: (block) => eventColumns()(block),
    columnReader: eventColumns,
    blockWriter: () =>
      createBlockWriter(fingerprint, writeRecord, (event, buffer, at) => type.encode(event, buffer, at)),
    flatWriter: () => createFlatWriter(fingerprint, schema, (event, buffer, at) => type.encode(event, buffer, at)),
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

/** Decodes the field at a path; where records around it may be null, only values whose records are there. */
function valueDecoder(event: avro.Type, path: readonly string[]): (bytes: Buffer) => unknown {
  const field = path.reduce((outer, name) => {
    const record = isRecordType(outer) ? outer : branchesOf(outer).find(isRecordType);
    const found = isRecordType(record) ? record.fields.find((own) => own.name === name) : undefined;
    if (found === undefined) throw new Error(`There is no field ${path.join('.')} in ${event.name}`);
    return found.type;
  }, event);
  return (bytes) => field.fromBuffer(bytes);
}

function branchesOf(union: avro.Type): readonly avro.Type[] {
  return union instanceof avro.types.UnwrappedUnionType || union instanceof avro.types.WrappedUnionType
    ? union.types
    : [];
}

function isRecordType(type: avro.Type | undefined): type is avro.types.RecordType {
  return type instanceof avro.types.RecordType;
}

function avroType(schema: unknown): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, { omitRecordMethods: true, registry: {} });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
