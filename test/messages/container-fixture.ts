/** Containers put together by hand, byte by byte, as Avro's specification 1.11 says: also such as no writer would write. */
import { readFileSync } from 'node:fs';
import type { ContainerDecoder } from '../../src/messages/container.ts';
import type { ContainerBlock } from '../../src/messages/container-block.ts';
import { ContainerError } from '../../src/messages/container-header.ts';

export const SYNC = Buffer.from('0123456789abcdef', 'latin1');
const BODY_MAX = 64 * 1024 * 1024;

/** Zig-zag, seven bits a byte, the lowest first; of any size up to 64 bits. */
export function long(value: number | bigint): Buffer {
  const number = BigInt(value);
  let rest = BigInt.asUintN(64, (number << 1n) ^ (number >> 63n));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

export function sized(bytes: Buffer | string): Buffer {
  const own = Buffer.from(bytes);
  return Buffer.concat([long(own.length), own]);
}

export function header(schema: unknown, codec = 'null'): Buffer {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const metadata = [long(2), sized('avro.codec'), sized(codec), sized('avro.schema'), sized(text), long(0)];
  return Buffer.concat([Buffer.from('Obj\u0001', 'latin1'), ...metadata, SYNC]);
}

export function block(count: number | bigint, data: Buffer): Buffer {
  return Buffer.concat([long(count), sized(data), SYNC]);
}

export type Field = readonly [name: string, type: unknown];

export function record(...fields: readonly Field[]): object {
  return { type: 'record', name: 'E', fields: fields.map(([name, type]) => ({ name, type })) };
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/containers/${name}`, import.meta.url));
}

export interface Decoded {
  /** Null for a record that did not fit. */
  readonly events: readonly unknown[];
  readonly refused: readonly {
    readonly record: number;
    readonly reason: string;
    readonly detail: string;
    readonly raw: Buffer;
  }[];
  readonly error: ContainerError | null;
}

export function whole(decoder: ContainerDecoder, bytes: Buffer, bytesMax = BODY_MAX): Decoded {
  const blocks: ContainerBlock[] = [];
  try {
    for (const own of decoder.whole(bytes, bytesMax)) blocks.push(own);
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    return decoded(blocks, error);
  }
  return decoded(blocks, null);
}

export async function streamed(decoder: ContainerDecoder, parts: readonly Buffer[]): Promise<Decoded> {
  const blocks: ContainerBlock[] = [];
  async function* input() {
    yield* parts;
  }
  try {
    for await (const own of decoder.stream(input())) blocks.push(own);
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    return decoded(blocks, error);
  }
  return decoded(blocks, null);
}

function decoded(blocks: readonly ContainerBlock[], error: ContainerError | null): Decoded {
  let before = 0;
  const refused = blocks.flatMap(({ bytes, events, starts, misfits }) => {
    const own = [...misfits].map(([i, misfit]) => {
      return { record: before + i + 1, ...misfit, raw: Buffer.from(bytes.subarray(starts[i], starts[i + 1])) };
    });
    before += events.length;
    return own;
  });
  return { events: blocks.flatMap(({ events }) => events), refused, error };
}
