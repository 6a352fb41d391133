/** Bodies that are built to hurt, and large ones that are not. Avro's bytes are written by hand, from its specification. */
import { deflateRawSync } from 'node:zlib';

export const MIB = 1024 * 1024;

/** Events of the keys `firstKey` and up: each body has keys of its own, by which its events are found again. */
export function tickLines(firstKey: number, count: number, keys = 9): Buffer {
  const lines: string[] = [];
  for (let n = 0; n < count; n++) lines.push(`{"k":${firstKey + (n % keys)},"t":${n % 100_000}}`);
  return Buffer.from(lines.join('\n'));
}

export function tickArray(firstKey: number, bytesMax: number): { body: Buffer; count: number } {
  const items: string[] = [];
  for (let bytes = 2, n = 0; ; n++) {
    const item = `{"k":${firstKey + (n % 9)}, "t":${n}}`;
    bytes += item.length + 1;
    if (bytes > bytesMax) break;
    items.push(item);
  }
  return { body: Buffer.from(`[${items.join(',')}]`), count: items.length };
}

const TICK = {
  type: 'record',
  name: 'Tick',
  namespace: 'abuse',
  fields: [
    { name: 'k', type: 'long' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};

const SYNC = Buffer.alloc(16, 7);

interface AvroBlock {
  /** What the block says that it has. */
  readonly count: bigint;
  readonly data: Buffer;
}

function container(schema: object, blocks: readonly AvroBlock[], codec = 'null'): Buffer {
  const text = (value: string): Buffer => Buffer.concat([long(BigInt(Buffer.byteLength(value))), Buffer.from(value)]);
  const head = ['avro.schema', JSON.stringify(schema), 'avro.codec', codec].map(text);
  const parts = [Buffer.from('Obj\u0001', 'latin1'), long(2n), ...head, long(0n), SYNC];
  for (const { count, data } of blocks) parts.push(long(count), long(BigInt(data.length)), data, SYNC);
  return Buffer.concat(parts);
}

/** Zig-zag, then seven bits a byte, the lowest first. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function tickRecords(firstKey: number, count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, n) => Buffer.concat([long(BigInt(firstKey)), long(BigInt(n))])),
  );
}

export function tickContainer(firstKey: number, count: number, codec: 'null' | 'deflate'): Buffer {
  const data = tickRecords(firstKey, count);
  return container(TICK, [{ count: BigInt(count), data: codec === 'deflate' ? deflateRawSync(data) : data }], codec);
}

const HUGE = 2n ** 31n;
const ENDLESS = 2n ** 40n;
const withField = (type: unknown): object => ({ ...TICK, fields: [...TICK.fields, { name: 'extra', type }] });
const one = Buffer.concat([long(1n), long(1n)]);
const lists = (items: unknown): object => withField({ type: 'array', items });

/** Containers of a few hundred bytes: each would cost memory or time without end if its lengths were believed. */
export const AVRO_BOMBS: Readonly<Record<string, Buffer>> = {
  'records of no bytes': container({ ...TICK, fields: [] }, [{ count: HUGE, data: Buffer.alloc(0) }]),
  'more records than bytes': container(TICK, [{ count: HUGE, data: one }]),
  'nulls in a list': container(lists('null'), [{ count: 1n, data: Buffer.concat([one, long(HUGE), long(0n)]) }]),
  'nulls without end in a list': container(lists('null'), [
    { count: 1n, data: Buffer.concat([one, long(ENDLESS), long(0n)]) },
  ]),
  'empty records in a list': container(lists({ type: 'record', name: 'None', fields: [] }), [
    { count: 1n, data: Buffer.concat([one, long(ENDLESS), long(0n)]) },
  ]),
  'a list of a negative count that is skipped': container(lists('null'), [
    { count: 1n, data: Buffer.concat([one, long(-ENDLESS), long(-1n), long(0n)]) },
  ]),
  'a map of nulls': container(withField({ type: 'map', values: 'null' }), [
    { count: 1n, data: Buffer.concat([one, long(ENDLESS), long(0n)]) },
  ]),
  'a string of gigabytes': container(withField('string'), [{ count: 1n, data: Buffer.concat([one, long(ENDLESS)]) }]),
  'bytes of a negative length': container(withField('bytes'), [{ count: 1n, data: Buffer.concat([one, long(-5n)]) }]),
  'a fixed of gigabytes': container(withField({ type: 'fixed', name: 'F', size: 2 ** 40 }), [{ count: 1n, data: one }]),
  'a type within itself': container(
    {
      ...TICK,
      fields: [
        ...TICK.fields,
        { name: 'extra', type: { type: 'record', name: 'Loop', fields: [{ name: 'l', type: 'Loop' }] } },
      ],
    },
    [{ count: 1n, data: one }],
  ),
  'a list that grows by its own name': container(
    lists({ type: 'record', name: 'Tree', fields: [{ name: 'of', type: { type: 'array', items: 'Tree' } }] }),
    [{ count: 1n, data: Buffer.concat([one, long(ENDLESS), Buffer.alloc(1000, 0xfe)]) }],
  ),
  'a block count of minus one': container(TICK, [{ count: -1n, data: tickRecords(1, 3) }]),
  'a schema nested deep': Buffer.concat([
    Buffer.from('Obj\u0001', 'latin1'),
    long(1n),
    long(11n),
    Buffer.from('avro.schema'),
    long(1_000_000n),
    Buffer.from('[').subarray(0, 1),
    Buffer.alloc(999_999, '['),
    long(0n),
    SYNC,
  ]),
};

/** Containers that say less than they have, or have less than they say: no event of them may be dropped behind a 200. */
export const AVRO_CUT: Readonly<Record<string, Buffer>> = {
  'fewer than follow': container(TICK, [{ count: 2n, data: tickRecords(1, 5) }]),
  'none, and five follow': container(TICK, [{ count: 0n, data: tickRecords(1, 5) }]),
  'more than follow': container(TICK, [{ count: 9n, data: tickRecords(1, 5) }]),
  'a block that is cut': container(TICK, [{ count: 5n, data: tickRecords(1, 5) }]).subarray(0, -20),
  'no sync at the end': container(TICK, [{ count: 5n, data: tickRecords(1, 5) }]).subarray(0, -1),
};
