/** Writes object container files from the bytes of Avro's specification 1.11, "Object Container Files". */
import { deflateRawSync } from 'node:zlib';
import type { EventType } from '../../src/messages/codec.ts';

const SYNC = Buffer.from('0123456789abcdef', 'latin1');

export function containerFile<T>(
  type: EventType<T>,
  blocks: readonly (readonly T[])[],
  codec: 'null' | 'deflate',
): Buffer {
  const parts = [Buffer.from('Obj\u0001', 'latin1'), long(2)];
  parts.push(bytes('avro.schema'), bytes(type.json), bytes('avro.codec'), bytes(codec), long(0), SYNC);
  for (const events of blocks) {
    const encoded = Buffer.concat(events.map((event) => type.encode(event)));
    const data = codec === 'deflate' ? deflateRawSync(encoded) : encoded;
    parts.push(long(events.length), long(data.length), data, SYNC);
  }
  return Buffer.concat(parts);
}

function bytes(text: string): Buffer {
  return Buffer.concat([long(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** Zig-zag, then seven bits a byte, the lowest first. */
function long(value: number): Buffer {
  const encoded: number[] = [];
  let rest = value * 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) encoded.push((rest % 128) + 128);
  return Buffer.from([...encoded, rest]);
}
