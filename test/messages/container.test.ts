/** Containers that others have written, and random ones, read as what is in them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createContainerDecoder } from '../../src/messages/container.ts';
import { containerFile } from '../sources/container.ts';
import { block, type Field, fixture, header, long, record, sized, streamed, whole } from './container-fixture.ts';

const kinds = JSON.parse(fixture('kinds.json').toString('utf8'));
const pairs: readonly { readonly name: string; readonly read: unknown; readonly values: readonly unknown[] }[] =
  JSON.parse(fixture('pairs.json').toString('utf8'));

/** The schema of a stream whose key is `key`. */
function stream(...fields: readonly Field[]): AvroRecord {
  return Object(record(...fields));
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, plain(own)]));
}

describe('a container that fastavro wrote', () => {
  test.each(['null', 'deflate', 'snappy', 'zstandard'])(
    'with the codec %s is read as what was written',
    async (codec) => {
      const decoder = createContainerDecoder(kinds.schema, 'key');
      const bytes = fixture(`kinds.${codec}.avro`);
      for (const own of [whole(decoder, bytes), await streamed(decoder, [bytes])]) {
        expect(own.error).toBeNull();
        expect(plain(own.events)).toEqual(kinds.records);
      }
    },
  );

  test.each(['snappy', 'zstandard'])('that repeats itself is read with the codec %s', (codec) => {
    const decoder = createContainerDecoder(stream(['key', 'string'], ['text', 'string']), 'key');
    const written = Array.from({ length: 3000 }, (_, i) => {
      return { key: `k${i % 7}`, text: 'the same text again and again, '.repeat(1 + (i % 5)) };
    });
    const names = codec === 'snappy' ? ['repeated'] : ['repeated', 'repeated-unsized'];
    for (const name of names) {
      const { events, error } = whole(decoder, fixture(`${name}.${codec}.avro`));
      expect(error).toBeNull();
      expect(events).toEqual(written);
    }
  });

  test('without a record is empty', () => {
    const decoder = createContainerDecoder(kinds.schema, 'key');
    expect(whole(decoder, fixture('empty.avro'))).toEqual({ events: [], refused: [], error: null });
  });

  test('with another codec is refused with those that are read', () => {
    const { error } = whole(createContainerDecoder(kinds.schema, 'key'), fixture('kinds.bzip2.avro'));
    expect(error?.message).toMatch(/bzip2.*null, deflate, snappy, zstandard/);
  });

  test.each(pairs)('$name', ({ name, read, values }) => {
    const decoder = createContainerDecoder(stream(['x', read], ['key', 'int']), 'key');
    const { events, refused, error } = whole(decoder, fixture(`pair-${name}.avro`));
    expect(error).toBeNull();
    const found = events.map((event) => {
      const x: unknown = event === null ? 'refused' : Reflect.get(Object(event), 'x');
      return x === null ? 'null' : plain(x);
    });
    expect(found).toEqual(values.map((value) => value ?? 'refused'));
    expect(refused.map((own) => own.record)).toEqual(values.flatMap((value, i) => (value === null ? [i + 1] : [])));
    for (const { detail } of refused) expect(detail).toMatch(/^x /);
  });
});

describe('a file whose values would mean something else is refused in words', () => {
  const of = (kind: string, logicalType: string, more: object = {}) => ({ type: kind, logicalType, ...more });
  const decimal = of('bytes', 'decimal', { precision: 9, scale: 2 });
  const duration = of('fixed', 'duration', { name: 'D', size: 12 });
  const uuid = of('fixed', 'uuid', { name: 'U', size: 16 });
  const millis = of('long', 'timestamp-millis');
  test.each([
    [of('long', 'local-timestamp-micros'), millis, 'local-timestamp-micros', 'timestamp-millis'],
    [of('long', 'local-timestamp-millis'), millis, 'local-timestamp-millis', 'timestamp-millis'],
    [['null', of('long', 'local-timestamp-micros')], ['null', millis], 'local-timestamp-micros', 'timestamp-millis'],
    [of('int', 'date'), millis, 'date', 'timestamp-millis'],
    [millis, of('int', 'date'), 'timestamp-millis', 'date'],
    [of('int', 'time-millis'), of('int', 'date'), 'time-millis', 'date'],
    [of('long', 'time-micros'), millis, 'time-micros', 'timestamp-millis'],
    [decimal, 'string', 'decimal(9, 2)', 'string'],
    [decimal, 'double', 'decimal(9, 2)', 'double'],
    [duration, 'string', 'duration', 'string'],
    [duration, uuid, 'duration', 'uuid'],
    [{ type: 'fixed', name: 'F', size: 16 }, of('string', 'uuid'), 'fixed F', 'uuid'],
    [of('string', 'uuid'), { type: 'fixed', name: 'F', size: 16 }, 'uuid', 'fixed F'],
    ['string', 'long', 'string', 'long'],
    ['double', of('int', 'date'), 'double', 'date'],
    ['double', 'float', 'double', 'float'],
    ['long', of('int', 'date'), 'long', 'date'],
    ['boolean', 'int', 'boolean', 'int'],
    [{ type: 'array', items: 'string' }, { type: 'array', items: 'int' }, 'inner.x[] is written as string', 'int'],
    ['string', { type: 'map', values: 'string' }, 'string', 'map'],
    [{ type: 'fixed', name: 'F', size: 3 }, { type: 'fixed', name: 'F', size: 4 }, 'fixed F', 'fixed F'],
  ])('%j as %j', (written, read, from, to) => {
    const nested = (type: unknown) => ({ ...record(['x', type]), name: 'Inner' });
    const decoder = createContainerDecoder(stream(['key', 'int'], ['inner', nested(read)]), 'key');
    const { error } = whole(decoder, header(record(['key', 'int'], ['inner', nested(written)])));
    expect(error?.reason).toBe('schema-mismatch');
    for (const words of ['inner.x', from, to]) expect(error?.message).toContain(words);
  });

  test('which of its fields the file lacks', () => {
    const decoder = createContainerDecoder(stream(['key', 'int'], ['total', 'long']), 'key');
    const { error } = whole(decoder, header(record(['key', 'int'], ['sum', 'long'])));
    expect(error?.message).toMatch(/total.*long.*without a default.*key, sum/);
  });
});

interface Drawn {
  readonly schema: unknown;
  readonly values: readonly unknown[];
}

/** A schema, and values of it as avsc has them. Names are numbered by the path, so that none is used twice. */
function drawn(
  depth: number,
  path: string,
): fc.Arbitrary<{ readonly schema: unknown; readonly value: fc.Arbitrary<unknown> }> {
  const safe = fc.integer({ min: -(2 ** 53) + 2, max: 2 ** 53 - 2 });
  const text = fc.string({ unit: 'grapheme', maxLength: 8 });
  const raw = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((own) => Buffer.from(own));
  const leaf = fc.constantFrom(
    { schema: 'null', value: fc.constant(null) },
    { schema: 'boolean', value: fc.boolean() },
    { schema: 'int', value: fc.integer() },
    { schema: 'long', value: safe },
    { schema: 'float', value: fc.float({ noNaN: true }) },
    { schema: 'double', value: fc.double() },
    { schema: 'string', value: text },
    { schema: 'bytes', value: fc.nat(5).chain(raw) },
    { schema: { type: 'fixed', name: `F${path}`, size: 3 }, value: raw(3) },
    { schema: { type: 'enum', name: `N${path}`, symbols: ['a', 'b'] }, value: fc.constantFrom('a', 'b') },
    { schema: ['null', 'double'], value: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })) },
    { schema: ['string', 'long'], value: fc.oneof(text, safe) },
    {
      schema: ['long', 'double', 'null'],
      value: fc.oneof(
        safe.map((long) => ({ long })),
        fc.constant(null),
      ),
    },
  );
  if (depth === 0) return leaf;
  const inner = drawn(depth - 1, `${path}0`);
  const key = text.filter((own) => own !== '__proto__');
  return fc.oneof(
    leaf,
    inner.map(({ schema, value }) => ({
      schema: { type: 'array', items: schema },
      value: fc.array(value, { maxLength: 3 }),
    })),
    inner.map(({ schema, value }) => ({
      schema: { type: 'map', values: schema },
      value: fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }),
    })),
    fc.tuple(inner, drawn(depth - 1, `${path}1`)).map(([a, b]) => ({
      schema: { ...record(['a', a.schema], ['b', b.schema]), name: `R${path}` },
      value: fc.record({ a: a.value, b: b.value }),
    })),
  );
}

const schemaAndValues: fc.Arbitrary<Drawn> = drawn(3, '').chain(({ schema, value }) =>
  fc.record({ schema: fc.constant(schema), values: fc.array(value, { maxLength: 5 }) }),
);

test('a value that its own type has no place for is a misfit, as it is in JSON and CSV', () => {
  const uuid = '5f0a7d3e-9c41-4f7b-8a55-0123456789ab';
  const cases: readonly (readonly [unknown, Buffer, unknown])[] = [
    [{ type: 'int', logicalType: 'time-millis' }, long(86_399_999), 86_399_999],
    [{ type: 'int', logicalType: 'time-millis' }, long(86_400_000), null],
    [{ type: 'long', logicalType: 'time-micros' }, long(-1), null],
    [{ type: 'int', logicalType: 'date' }, long(100_000_000), 100_000_000],
    [{ type: 'int', logicalType: 'date' }, long(100_000_001), null],
    [{ type: 'long', logicalType: 'local-timestamp-millis' }, long(-8.64e15), -8.64e15],
    [{ type: 'long', logicalType: 'local-timestamp-millis' }, long(-8.64e15 - 1), null],
    [{ type: 'string', logicalType: 'uuid' }, sized(uuid), uuid],
    [{ type: 'string', logicalType: 'uuid' }, sized('5f0a7d3e'), null],
  ];
  const real = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  };
  for (const [type, number, value] of [
    ['long', 7, 7],
    ['long', 7.5, 'refused'],
    ['long', Number.NaN, 'refused'],
    ['int', 2 ** 31 - 1, 2 ** 31 - 1],
    ['int', 2 ** 31, 'refused'],
    [['null', 'long'], Number.NaN, null],
    [['null', 'long'], 7, 7],
    [['null', 'long', 'string'], 7.5, 'refused'],
  ] as const) {
    const file = Buffer.concat([
      header(record(['x', 'double'], ['key', 'int'])),
      block(1, Buffer.concat([real(number), long(1)])),
    ]);
    const { events, refused } = whole(createContainerDecoder(stream(['x', type], ['key', 'int']), 'key'), file);
    expect(events).toEqual([value === 'refused' ? null : { x: value, key: 1 }]);
    expect(refused).toHaveLength(value === 'refused' ? 1 : 0);
  }
  for (const [type, bytes, value] of cases) {
    const own = stream(['x', type], ['key', 'int']);
    const file = Buffer.concat([header(own), block(1, Buffer.concat([bytes, long(1)]))]);
    const { events, refused } = whole(createContainerDecoder(own, 'key'), file);
    expect(events).toEqual([value === null ? null : { x: value, key: 1 }]);
    expect(refused).toHaveLength(value === null ? 1 : 0);
  }
  // Texts and bytes of 16 bytes are the same UUID.
  const fixed = { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' };
  const raw = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  for (const [from, to, bytes, value] of [
    [fixed, 'string', raw, uuid],
    [fixed, { type: 'string', logicalType: 'uuid' }, raw, uuid],
    [{ type: 'string', logicalType: 'uuid' }, fixed, sized(uuid.toUpperCase()), raw],
    ['string', fixed, sized(uuid), raw],
  ] as const) {
    const file = Buffer.concat([
      header(stream(['x', from], ['key', 'int'])),
      block(1, Buffer.concat([bytes, long(1)])),
    ]);
    const { events } = whole(createContainerDecoder(stream(['x', to], ['key', 'int']), 'key'), file);
    expect(events).toEqual([{ x: value, key: 1 }]);
  }
});

describe('random events', () => {
  test('of random schemas are read as they were written, however the file is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(schemaAndValues, fc.integer({ min: 1, max: 60 }), async ({ schema, values }, size) => {
        const own: AvroRecord = Object(record(['key', 'int'], ['x', schema]));
        const events = values.map((x, key) => ({ key, x }));
        const type = dynamicEventType(own);
        const file = containerFile(type, [events.slice(0, 2), events.slice(2)], 'deflate');
        const decoder = createContainerDecoder(own, 'key');
        const inOne = whole(decoder, file);
        expect(inOne.error).toBeNull();
        // Through avsc once more: both have read the same when they encode to the same bytes.
        expect(inOne.events.map((event) => type.encode(Object(event)))).toEqual(
          events.map((event) => type.encode(event)),
        );
        expect(plain(inOne.events)).toEqual(plain(events.map((event) => type.decode(type.encode(event)))));
        const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
          file.subarray(i * size, (i + 1) * size),
        );
        expect(await streamed(decoder, pieces)).toEqual(inOne);
      }),
      { numRuns: 300 },
    );
  });

  test('have the defaults of fields that the writer does not have, and their own under an older name', () => {
    const read = stream(['key', 'int'], ['n', 'long']);
    const inner = {
      type: 'record',
      name: 'Inner',
      fields: [
        { name: 'a', type: 'int', default: 7 },
        { name: 'b', type: 'bytes' },
      ],
    };
    const fields = [
      ...read.fields.map((field) => (field.name === 'n' ? { ...field, aliases: ['total'] } : field)),
      { name: 'text', type: 'string', default: 'é' },
      { name: 'raw', type: 'bytes', default: '\u00ff' },
      { name: 'maybe', type: ['null', 'string'], default: null },
      { name: 'wide', type: ['long', 'double'], default: 5 },
      { name: 'list', type: { type: 'array', items: 'int' }, default: [1] },
      { name: 'table', type: { type: 'map', values: 'int' }, default: { a: 1 } },
      { name: 'inner', type: inner, default: { b: '\u0001' } },
    ];
    const schema: AvroRecord = Object({ ...read, fields });
    const bytes = Buffer.concat([
      header(record(['gone', 'string'], ['total', 'int'], ['also', ['null', 'long']], ['key', 'int'])),
      block(1, Buffer.concat([sized('x'), long(3), long(1), long(4), long(9)])),
    ]);
    const { events, error } = whole(createContainerDecoder(schema, 'key'), bytes);
    expect(error).toBeNull();
    const type = dynamicEventType(schema);
    // By avsc's own schema resolution, from the writer's record.
    expect(events).toEqual([
      {
        key: 9,
        n: 3,
        text: 'é',
        raw: Buffer.from([255]),
        maybe: null,
        wide: { long: 5 },
        list: [1],
        table: { a: 1 },
        inner: { a: 7, b: Buffer.from([1]) },
      },
    ]);
    expect(() => type.encode(Object(events[0]))).not.toThrow();
  });
});

test('values that are a union are events where they are records', () => {
  const other = { ...record(['n', 'int'], ['key', 'int']), name: 'Other' };
  const file = (type: unknown) =>
    Buffer.concat([
      header(type),
      block(3, Buffer.concat([long(1), long(7), long(2), sized('x'), long(0), long(8), long(9)])),
    ]);
  const decoder = createContainerDecoder(stream(['key', 'int']), 'key');
  const { events, refused } = whole(decoder, file([other, stream(['key', 'int']), 'string']));
  expect(events).toEqual([{ key: 7 }, null, { key: 9 }]);
  expect(refused).toMatchObject([
    { record: 2, detail: 'must be record E: found string', raw: Buffer.concat([long(2), sized('x')]) },
  ]);
  const { error } = whole(decoder, file(['null', 'string']));
  expect(error?.message).toMatch(/a record is written as union of null, string and the stream's schema has record E/);
});

describe('a record that does not fit', () => {
  const schema = stream(['key', ['null', 'string']], ['x', 'int']);
  const written = record(['key', ['null', 'string']], ['x', ['int', 'null', 'string', 'long']]);

  test('is one misfit with its own bytes, and the others are events, in as many blocks as there are', () => {
    const value = fc.oneof(
      fc.integer().map((n) => ({ bytes: Buffer.concat([long(0), long(n)]), fits: true })),
      fc.constant({ bytes: long(1), fits: false }),
      fc.string().map((text) => ({ bytes: Buffer.concat([long(2), sized(text)]), fits: false })),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => ({
        bytes: Buffer.concat([long(3), long(n)]),
        fits: n >= -(2n ** 31n) && n < 2n ** 31n,
      })),
    );
    const key = fc.oneof(
      fc.string().map((text) => ({ bytes: Buffer.concat([long(1), sized(text)]), fits: text.isWellFormed() })),
      fc.constant({ bytes: long(0), fits: false }),
    );
    const decoder = createContainerDecoder(schema, 'key');
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(key, value), { maxLength: 5 }), { maxLength: 4 }), (blocks) => {
        const records = blocks.map((own) => own.map(([k, x]) => Buffer.concat([k.bytes, x.bytes])));
        const bytes = Buffer.concat([header(written), ...records.map((own) => block(own.length, Buffer.concat(own)))]);
        const { events, refused, error } = whole(decoder, bytes);
        expect(error).toBeNull();
        const fits = blocks.flat().map(([k, x]) => k.fits && x.fits);
        expect(events.map((event) => event !== null)).toEqual(fits);
        expect(refused.map(({ raw }) => raw)).toEqual(records.flat().filter((_, i) => fits[i] === false));
        expect(refused.map((own) => own.record)).toEqual(fits.flatMap((own, i) => (own ? [] : [i + 1])));
        for (const { detail } of refused)
          expect(detail).toMatch(/^(x must be int: found|x is beyond|key is the key and is null)/);
      }),
    );
  });
});
