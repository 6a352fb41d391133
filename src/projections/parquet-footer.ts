/**
 * A copy of a Parquet file with another footer (parquet.thrift, FileMetaData): the bytes of its values are the same, and
 * DuckDB reads them as another type.
 */
import { constants, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FileCopy {
  readonly path: string;
  close(): void;
}

/** The footer's length and a magic number stand behind the footer. */
const TAIL_BYTES = 8;

/** The copy is in the directory for temporary files until it is closed. */
export async function copyWithFooter(path: string, change: (footer: Buffer) => Buffer): Promise<FileCopy> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-parquet-copy-'));
  const close = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const copy = join(directory, 'copy.parquet');
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    await changeFooter(copy, change);
    return { path: copy, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function changeFooter(path: string, change: (footer: Buffer) => Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const tail = await bytesAt(file, size - TAIL_BYTES, TAIL_BYTES);
    const length = tail.readUInt32LE(0);
    const start = size - TAIL_BYTES - length;
    const changed = change(await bytesAt(file, start, length));
    tail.writeUInt32LE(changed.length, 0);
    await file.write(Buffer.concat([changed, tail]), 0, changed.length + TAIL_BYTES, start);
    await file.truncate(start + changed.length + TAIL_BYTES);
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer;
}

/** Thrift's compact form of a TimestampType of nanoseconds in UTC, and the bytes that make it one without UTC. */
const NANOS_IN_UTC = Buffer.from([0x8c, 0x11, 0x1c, 0x3c, 0, 0, 0, 0]);
const NOT_IN_UTC = 0x12;

export function nanosNotInUtc(footer: Buffer): Buffer {
  const changed = Buffer.from(footer);
  for (let at = changed.indexOf(NANOS_IN_UTC); at !== -1; at = changed.indexOf(NANOS_IN_UTC, at + 1)) {
    changed[at + 1] = NOT_IN_UTC;
  }
  return changed;
}

/** Fields of FileMetaData and SchemaElement. */
const SCHEMA = 2;
const CONVERTED_TYPE = 6;
const LOGICAL_TYPE = 10;
/** ConvertedType: UTF8, ENUM and JSON, zig-zagged. */
const TEXT_CONVERTED: readonly number[] = [0, 8, 38];
/** LogicalType: the header of the field STRING, ENUM or JSON, a struct. */
const TEXT_LOGICAL: readonly number[] = [0x1c, 0x4c, 0xcc];

/** Changes a footer so that no column is annotated as text. */
export function bytesForTexts(footer: Buffer): Buffer {
  const c = { bytes: footer, at: 0 };
  for (let id = 0; ; ) {
    const field = readField(c, id);
    if (field === null) throw new Error('The footer has no schema');
    id = field.id;
    if (id === SCHEMA) break;
    skip(c, field.type);
  }
  const { size } = listHead(c);
  const parts = [footer.subarray(0, c.at)];
  for (let n = 0; n < size; n++) parts.push(elementWithoutText(c));
  parts.push(footer.subarray(c.at));
  return Buffer.concat(parts);
}

function elementWithoutText(c: Cursor): Buffer {
  const parts: Buffer[] = [];
  let written = 0;
  for (let id = 0; ; ) {
    const field = readField(c, id);
    if (field === null) break;
    id = field.id;
    const start = c.at;
    skip(c, field.type);
    const value = c.bytes.subarray(start, c.at);
    const marks = id === CONVERTED_TYPE ? TEXT_CONVERTED : id === LOGICAL_TYPE ? TEXT_LOGICAL : [];
    if (marks.includes(value[0] ?? -1)) continue;
    parts.push(Buffer.from([((id - written) << 4) | field.type]), value);
    written = id;
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function byteOf(c: Cursor): number {
  const byte = c.bytes[c.at];
  if (byte === undefined) throw new Error('The footer is cut off');
  c.at += 1;
  return byte;
}

/** Reads the number of a length or an id, which is small. */
function varint(c: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = byteOf(c);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

function readField(c: Cursor, before: number): { readonly id: number; readonly type: number } | null {
  const head = byteOf(c);
  if (head === 0) return null;
  const delta = head >> 4;
  return { id: delta === 0 ? varint(c) / 2 : before + delta, type: head & 15 };
}

function listHead(c: Cursor): { readonly size: number; readonly type: number } {
  const head = byteOf(c);
  const size = head >> 4;
  return { size: size === 15 ? varint(c) : size, type: head & 15 };
}

function skip(c: Cursor, type: number): void {
  switch (type) {
    case 1:
    case 2:
      return;
    case 3:
      c.at += 1;
      return;
    case 4:
    case 5:
    case 6:
      varint(c);
      return;
    case 7:
      c.at += 8;
      return;
    case 8: {
      const length = varint(c);
      c.at += length;
      return;
    }
    case 9:
    case 10: {
      const list = listHead(c);
      // A boolean in a list is a byte. As a field it is a part of the header.
      for (let n = 0; n < list.size; n++) skip(c, Math.max(list.type, 3));
      return;
    }
    case 12: {
      for (let id = 0; ; ) {
        const field = readField(c, id);
        if (field === null) return;
        id = field.id;
        skip(c, field.type);
      }
    }
    default:
      throw new Error(`The footer has a value of the type ${type}, which Parquet has not`);
  }
}
