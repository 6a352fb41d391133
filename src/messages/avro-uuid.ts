/** Readers of UUIDs, which are texts or 16 bytes. */
import {
  type Cursor,
  charge,
  misfit,
  type Read,
  readLength,
  readText,
  TEXT_BYTES,
  take,
  textBetween,
} from './avro-cursor.ts';
import type { SingleType } from './avro-schema.ts';
import { uuidBytes, uuidText } from './logical-types.ts';

const UUID_BYTES = 16;

/** Null where both have the same form, and the reader takes any value of it. */
export function readUuid(writer: SingleType, reader: SingleType): Read | null {
  if (writer.kind === 'string' && reader.kind === 'string' && reader.logical !== null) return readUuidText;
  if (writer.kind === 'fixed' && writer.logical !== null && reader.kind === 'string') {
    return (c) => {
      const start = take(c, UUID_BYTES);
      charge(c, TEXT_BYTES + 36);
      return uuidText(c.bytes.subarray(start, start + UUID_BYTES));
    };
  }
  if (writer.kind !== 'string' || reader.kind !== 'fixed' || reader.logical === null) return null;
  return (c) => {
    const length = readLength(c);
    const start = take(c, length);
    const text = textBetween(c, start, Math.min(start + length, start + 60)) ?? '';
    if (c.failed) return null;
    charge(c, 128);
    const bytes = length > 36 ? null : uuidBytes(text);
    return bytes ?? notUuid(c, text);
  };
}

function readUuidText(c: Cursor): string | null {
  const text = readText(c);
  return text === null || uuidBytes(text) !== null ? text : notUuid(c, text);
}

function notUuid(c: Cursor, text: string): null {
  return misfit(c, 'wrong-type', `must be a UUID: found ${JSON.stringify(text.slice(0, 60))}`);
}
