/** Containers that say more than they have: each must be refused in no time, and none may take memory for what it claims. */
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContainerDecoder } from '../../src/messages/container.ts';
import { block, type Decoded, fixture, header, long, record, SYNC, streamed, whole } from './container-fixture.ts';

const schema = Object(record(['key', 'int'], ['n', 'int']));
const decoder = createContainerDecoder(schema, 'key');
const written = [
  ['key', 'int'],
  ['n', 'int'],
] as const;
const key = long(1);
const event = Buffer.concat([key, long(2)]);

/** Of this process on its cores, so that a machine that others use too fails nothing; what is not bounded takes minutes. */
const CPU_MAX_MS = 1500;
const MEMORY_MAX_BYTES = 96 * 1024 * 1024;

function bounded<T>(run: () => T): T {
  const before = process.memoryUsage();
  const start = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(CPU_MAX_MS);
  const after = process.memoryUsage();
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(MEMORY_MAX_BYTES);
  return result;
}

const nested = (levels: number, of: unknown): unknown =>
  Array.from({ length: levels }).reduce<unknown>((items) => ({ type: 'array', items }), of);

/** Each record type has the one before twice: of so many levels, two to the power of levels. */
const laughs = (levels: number, of: unknown) =>
  Array.from({ length: levels }, (_, i) => ({
    name: `f${i}`,
    type: {
      type: 'record',
      name: `L${i + 1}`,
      fields: [
        { name: 'a', type: i === 0 ? of : `L${i}` },
        { name: 'b', type: i === 0 ? of : `L${i}` },
      ],
    },
  }));

describe('a count that the bytes do not have is refused before anything is made of it', () => {
  const nulls = { type: 'array', items: 'null' };
  const empty = { type: 'array', items: { type: 'record', name: 'Empty', fields: [] } };
  const huge = [2 ** 17, 2 ** 31, 2 ** 40, 2 ** 53 - 2, -(2 ** 31), 2n ** 62n, -(2n ** 63n)];
  const types: readonly (readonly [name: string, type: unknown])[] = [
    ['nulls', nulls],
    ['empty records', empty],
    ['fixed of no bytes', { type: 'array', items: { type: 'fixed', name: 'None', size: 0 } }],
    ['ints', { type: 'array', items: 'int' }],
    ['a map', { type: 'map', values: 'null' }],
    ['a map of texts', { type: 'map', values: 'string' }],
  ];
  const claims = types.flatMap(([name, type]) => huge.map((count) => [name, count, type] as const));

  test.each(claims)('%s, %s of them', (_, count, type) => {
    const size = count < 0 ? [long(0)] : [];
    const data = Buffer.concat([event, long(count), ...size, long(0), Buffer.alloc(300)]);
    const bytes = (name: string) => Buffer.concat([header(record(...written, [name, type])), block(1, data)]);
    // One reader has the field, the other goes over it.
    for (const own of [createContainerDecoder(Object(record(...written, ['list', type])), 'key'), decoder]) {
      const { events, error } = bounded(() => whole(own, bytes('list')));
      expect({ events, reason: error?.reason }).toEqual({ events: [], reason: 'damaged-block' });
      expect(error?.message).toMatch(/Block 1, at byte \d+ and behind record 0, is damaged/);
    }
  });

  test.each([2 ** 17, 2 ** 31, 2 ** 40, -1, -(2 ** 40), 2n ** 62n, 3])('%s records in a block', (count) => {
    for (const type of [record(...written), record(['nothing', 'null']), record()]) {
      const own = createContainerDecoder(
        { ...schema, fields: schema.fields.map((field: object) => ({ ...field, default: 5 })) },
        'key',
      );
      const data = type === undefined || Object(type).fields.length === 2 ? event : Buffer.alloc(0);
      const { events, error } = bounded(() => whole(own, Buffer.concat([header(type), block(count, data)])));
      if (count === 3 && data.length === 0) expect(events).toEqual(Array(3).fill({ key: 5, n: 5 }));
      else expect({ events, reason: error?.reason }).toEqual({ events: [], reason: 'damaged-block' });
    }
  });

  test('many blocks of many records of no bytes', () => {
    const own = createContainerDecoder(
      { ...schema, fields: schema.fields.map((f: object) => ({ ...f, default: 5 })) },
      'key',
    );
    const blocks = Array.from({ length: 100_000 }, () => block(60_000, Buffer.alloc(0)));
    const { events, error } = bounded(() => whole(own, Buffer.concat([header(record()), ...blocks])));
    expect({ events: events.length, reason: error?.reason }).toEqual({ events: 60_000, reason: 'damaged-block' });
  });

  test('the lengths of texts, bytes and blocks', () => {
    for (const length of [2 ** 31, 2 ** 40, -1, 2n ** 62n]) {
      for (const type of ['string', 'bytes', ['null', 'string']]) {
        const branch = Array.isArray(type) ? [long(1)] : [];
        const data = Buffer.concat([event, ...branch, long(length), Buffer.alloc(50)]);
        for (const read of [[...written, ['x', type] as const], written]) {
          const own = createContainerDecoder(Object(record(...read)), 'key');
          const { error } = bounded(() =>
            whole(own, Buffer.concat([header(record(...written, ['x', type])), block(1, data)])),
          );
          expect(error?.reason).toBe('damaged-block');
        }
      }
      const cut = Buffer.concat([header(schema), long(1), long(length), event, SYNC]);
      expect(bounded(() => whole(decoder, cut)).error?.reason).toBe('damaged-block');
    }
  });

  test('the metadata of the header', async () => {
    const magic = Buffer.from('Obj\u0001', 'latin1');
    for (const claim of [
      long(2 ** 31),
      long(2 ** 40),
      Buffer.concat([long(-5), long(2 ** 40)]),
      Buffer.concat([long(1), long(2 ** 40)]),
    ]) {
      const bytes = Buffer.concat([magic, claim, Buffer.alloc(64)]);
      expect(bounded(() => whole(decoder, bytes)).error?.reason).toBe('not-avro');
      expect((await streamed(decoder, [bytes])).error?.reason).toBe('not-avro');
    }
  });
});

describe('a schema', () => {
  test('of two to the power of 60 values that take no bytes is refused or gone over at once', () => {
    const fields = [...Object(record(...written)).fields, ...laughs(60, 'null')];
    const bytes = Buffer.concat([header({ ...schema, fields }), block(1, event)]);
    expect(bounded(() => whole(decoder, bytes)).events).toEqual([{ key: 1, n: 2 }]);
    const tree = {
      type: 'record',
      name: 'Tree',
      fields: ['a', 'b'].map((name) => ({ name, type: ['null', 'Tree'], default: null })),
    };
    const own = createContainerDecoder(Object(record(...written, ['f59', tree])), 'key');
    const { error } = bounded(() => whole(own, bytes));
    expect(error?.message).toMatch(/claims \d+ values of no bytes/);
  });

  test('that is nested too deeply, too long, ambiguous or no schema is refused in words', () => {
    const chain = Array.from({ length: 3000 }, (_, i) => ({
      name: `f${i}`,
      type: { type: 'record', name: `C${i}`, fields: [{ name: 'a', type: i === 0 ? 'int' : `C${i - 1}` }] },
    }));
    const cases: readonly (readonly [unknown, RegExp])[] = [
      ['['.repeat(500_000), /nested deeper than 256/],
      ['{"type":'.repeat(100_000), /nested deeper than 256/],
      [`"${'x'.repeat(2_000_000)}"`, /characters/],
      [nested(100, 'int'), /nested deeper than 64/],
      [record(['key', 'int'], ['x', nested(70, 'int')]), /nested deeper than 64/],
      [{ ...schema, fields: [...schema.fields, ...chain] }, /nested deeper than 64/],
      [record(['key', 'int'], ['key', 'int']), /two fields named key/],
      [record(['key', 'int'], ['x', ['int', 'int']]), /two branches/],
      [record(['key', 'int'], ['x', ['int', ['null']]]), /union within a union/],
      [record(['key', 'int'], ['x', 'Unknown']), /Unknown/],
      [record(['key', 'int'], ['x', { type: 'fixed', name: 'F', size: -1 }]), /size/],
      [record(['key', 'int'], ['x', { type: 'enum', name: 'F' }]), /symbols/],
      [record(['key', 'int'], ['x', null]), /no type/],
      ['string', /JSON/],
      ['"string"', /written as string/],
      ['', /JSON/],
    ];
    for (const [own, message] of cases) {
      const { error } = bounded(() => whole(decoder, header(own)));
      expect(error?.reason).toBe('schema-mismatch');
      expect(error?.message).toMatch(message);
    }
  });

  test('as long as one may be is compiled in no time', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => [`f${i}`, 'long'] as const);
    const branches = Array.from({ length: 20_000 }, (_, i) => ({ type: 'fixed', name: `X${i}`, size: i }));
    const wide = ['null', ...branches, 'int'];
    for (const type of [record(...written, ...many), record(['key', 'int'], ['n', wide])]) {
      const { events, error } = bounded(() => whole(decoder, header(type)));
      expect({ events, error }).toEqual({ events: [], error: null });
    }
  });

  test('that holds itself ends, whatever its values say', () => {
    const itself = { type: 'record', name: 'Self', fields: [{ name: 'self', type: 'Self' }] };
    const list = { type: 'record', name: 'List', fields: [{ name: 'next', type: ['null', 'List'] }] };
    const lists = { type: 'record', name: 'Lists', fields: [{ name: 'of', type: { type: 'array', items: 'Lists' } }] };
    const deep = Buffer.concat(Array.from({ length: 100_000 }, () => long(1)));
    for (const type of [itself, list, lists]) {
      for (const read of [[...written, ['x', type] as const], written]) {
        const own = createContainerDecoder(Object(record(...read)), 'key');
        const bytes = Buffer.concat([header(record(...written, ['x', type])), block(1, Buffer.concat([event, deep]))]);
        expect(bounded(() => whole(own, bytes)).error?.reason).toBe('damaged-block');
      }
    }
    // Nested as deep as no event may be, but no deeper than it can be gone over: one misfit, and the next is an event.
    const levels = Buffer.concat([...Array.from({ length: 200 }, () => long(1)), long(0)]);
    const own = createContainerDecoder(Object(record(...written, ['x', list])), 'key');
    const data = Buffer.concat([event, levels, event, long(0)]);
    const { events, refused } = whole(own, Buffer.concat([header(record(...written, ['x', list])), block(2, data)]));
    expect(events).toEqual([null, { key: 1, n: 2, x: { next: null } }]);
    expect(refused).toMatchObject([{ reason: 'too-large', record: 1 }]);
  });
});

describe('packed blocks', () => {
  const zeros = Buffer.alloc(1024 * 1024);
  const body = (codec: string, ...blocks: readonly Buffer[]) => Buffer.concat([header(schema, codec), ...blocks]);

  test('that unpack to more than is read are refused, one by one and all together', () => {
    const packed = deflateRawSync(zeros);
    const own = block(zeros.length / 2, packed);
    expect(bounded(() => whole(decoder, body('deflate', own), 256 * 1024)).error?.reason).toBe('too-large');
    const twice = body('deflate', block(0, deflateRawSync(Buffer.alloc(0))), own, own);
    const { events, error } = whole(decoder, twice, 1.5 * zeros.length);
    expect({ events: events.length, reason: error?.reason }).toEqual({ events: zeros.length / 2, reason: 'too-large' });
  });

  test('of snappy that lie about their length, their copies or their checksum are refused', () => {
    const packs = [
      [0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x80, 0x80, 0x80, 0x20],
      [0x04, 0x00],
      [0x02, 0xfc, 0xff, 0xff, 0xff, 0xff],
      [0x02, 0xfc, 0xfa, 0xff, 0xff, 0xff, 1, 1, 1, 1],
      [0x08, 0x00, 1, 0x15, 0x05],
      [0x08, 0x00, 1, 0x15, 0x00],
      [0x40, 0x04, 1, 2, 0xfe, 1, 0],
      [0x02, 0x04, 1, 2],
      [],
    ];
    for (const pack of packs) {
      const data = Buffer.concat([Buffer.from(pack), Buffer.alloc(4)]);
      expect(bounded(() => whole(decoder, body('snappy', block(1, data)))).error?.reason).toMatch(
        /damaged-block|too-large/,
      );
    }
  });

  test.each(['deflate', 'snappy', 'zstandard'])('of %s that end early or go on are refused', (codec) => {
    const kinds = JSON.parse(fixture('kinds.json').toString('utf8'));
    const own = createContainerDecoder(kinds.schema, 'key');
    const bytes = fixture(`kinds.${codec}.avro`);
    const start = bytes.indexOf(SYNC) + SYNC.length;
    const whole1 = bytes.subarray(start, bytes.indexOf(SYNC, start));
    // The count and the size take a byte and two.
    const data = whole1.subarray(3);
    const count = (whole1[0] ?? 0) / 2;
    const again = (packed: Buffer) => whole(own, Buffer.concat([bytes.subarray(0, start), block(count, packed)]));
    expect(again(data).error).toBeNull();
    for (const wrong of [data.subarray(1), data.subarray(0, data.length - 6), Buffer.concat([data, Buffer.alloc(9)])]) {
      expect(again(wrong).error?.reason).toBe('damaged-block');
    }
  });
});

describe('damage', () => {
  const blocks = [block(2, Buffer.concat([event, event])), block(1, event)];
  const good = Buffer.concat([header(schema), ...blocks]);

  test('is told with what was read before it, and a block is taken whole or not at all', () => {
    const second = Buffer.concat([header(schema), blocks[0]!]).length;
    const wrongs: readonly (readonly [string, Buffer])[] = [
      ['a negative count', block(-1, event)],
      ['fewer records than follow', block(1, Buffer.concat([event, event]))],
      ['more records than follow', block(2, event)],
      ['a cut block', blocks[1]!.subarray(0, -3)],
      ['another sync marker', Buffer.concat([blocks[1]!.subarray(0, -1), Buffer.from('x')])],
      ['trailing bytes', Buffer.from('x')],
      ['bytes without records', block(0, event)],
    ];
    for (const [, wrong] of wrongs) {
      const { events, error } = whole(decoder, Buffer.concat([header(schema), blocks[0]!, wrong]));
      expect(events).toHaveLength(2);
      expect(error).toMatchObject({ reason: 'damaged-block', byte: second });
      expect(error?.message).toMatch(/Block 2, at byte \d+ and behind record 2, is damaged/);
    }
  });

  test('of any byte, or a cut anywhere, ends in events or in words, the same in one piece and in many', async () => {
    const files = ['null', 'deflate', 'snappy', 'zstandard'].map((codec) => fixture(`kinds.${codec}.avro`));
    const kinds = JSON.parse(fixture('kinds.json').toString('utf8'));
    const own = createContainerDecoder(kinds.schema, 'key');
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), changes, fc.option(fc.nat()), async (file, flips, end) => {
        const bytes = Buffer.from(file);
        for (const { at, byte } of flips) bytes[at % bytes.length] = byte;
        const cut = end === null ? bytes : bytes.subarray(0, end % (bytes.length + 1));
        const found = bounded(() => whole(own, cut));
        expect(found.events.length).toBeLessThanOrEqual(60 + 65_536);
        expect(summary(await streamed(own, [cut.subarray(0, 100), cut.subarray(100)]))).toEqual(summary(found));
        if (cut === bytes && flips.length === 0) expect(found.error).toBeNull();
      }),
      { numRuns: 1500 },
    );
  });

  test('leaves a whole container whole', () => {
    expect(whole(decoder, good)).toMatchObject({ events: Array(3).fill({ key: 1, n: 2 }), error: null });
  });

  function summary({ events, refused, error }: Decoded) {
    return { events, refused, reason: error?.reason };
  }
});
