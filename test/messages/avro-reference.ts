/**
 * A second Avro encoder, written from the Apache Avro 1.11 specification ("Binary Encoding") and slow on purpose:
 * what the codec writes is compared with this, not with itself.
 */
import type { AvroSchema } from '../../src/messages/avro.ts';

function referenceEncode(schema: AvroSchema, value: unknown): Buffer {
  return Buffer.concat(parts(schema, value));
}

/** A block is an Avro array, which the specification lets a writer put into one counted run. */
export function referenceBlock(schema: AvroSchema, values: readonly unknown[]): Buffer {
  return referenceEncode({ type: 'array', items: schema }, values);
}

function parts(schema: AvroSchema, value: unknown): Buffer[] {
  if (typeof schema === 'string') return [primitive(schema, value)];
  if (isUnion(schema)) {
    const index = schema.findIndex((branch) => matches(branch, value));
    const branch = schema[index];
    if (branch === undefined) throw new Error(`No branch of the union holds ${String(value)}`);
    return [long(index), ...parts(branch, value)];
  }
  switch (schema.type) {
    case 'record':
      return schema.fields.flatMap((field) => parts(field.type, entriesOf(value).get(field.name)));
    case 'enum':
      return [long(schema.symbols.indexOf(String(value)))];
    case 'array': {
      const items: readonly unknown[] = Array.isArray(value) ? value : [];
      const encoded = items.flatMap((item) => parts(schema.items, item));
      return [...(items.length === 0 ? [] : [long(items.length)]), ...encoded, long(0)];
    }
    case 'map': {
      const entries = [...entriesOf(value)];
      const encoded = entries.flatMap(([key, item]) => [primitive('string', key), ...parts(schema.values, item)]);
      return [...(entries.length === 0 ? [] : [long(entries.length)]), ...encoded, long(0)];
    }
    default:
      return [primitive(schema.type, value)];
  }
}

function primitive(type: string, value: unknown): Buffer {
  switch (type) {
    case 'null':
      return Buffer.alloc(0);
    case 'boolean':
      return Buffer.from([value === true ? 1 : 0]);
    case 'int':
    case 'long':
      return long(Number(value));
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return bytes;
    }
    case 'bytes': {
      const bytes = Buffer.isBuffer(value) ? value : Buffer.alloc(0);
      return Buffer.concat([long(bytes.length), bytes]);
    }
    case 'string': {
      const bytes = Buffer.from(String(value), 'utf8');
      return Buffer.concat([long(bytes.length), bytes]);
    }
    default:
      throw new Error(`The reference encoder does not know ${type}`);
  }
}

/** Zig-zag, then seven bits a byte, the lowest first. */
function long(value: number): Buffer {
  const wide = BigInt(value);
  let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

function matches(branch: AvroSchema, value: unknown): boolean {
  if (branch === 'null') return value === null;
  if (branch === 'string') return typeof value === 'string';
  return value !== null && typeof value !== 'string';
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}

function entriesOf(value: unknown): Map<string, unknown> {
  return new Map(Object.entries(value ?? {}));
}
