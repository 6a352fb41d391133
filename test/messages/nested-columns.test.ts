/**
 * A block with lists, maps, records that may be null and longs of 64 bits as columns says what decoding it says, and so does
 * the JSON of its events.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord, AvroSchema } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { numberAt, textAt, valueAt } from '../../src/messages/columns.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';

/** A type with values of it. */
interface Typed {
  readonly schema: AvroSchema;
  readonly values: fc.Arbitrary<unknown>;
}

const BIGGEST = 2n ** 63n - 1n;
const long = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -BIGGEST - 1n, max: BIGGEST }).map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
  fc.constantFrom(2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, BIGGEST, -BIGGEST - 1n),
);
const text = fc.string({ unit: 'grapheme', maxLength: 8 });
let names = 0;

const scalars: fc.Arbitrary<Typed> = fc.constantFrom<Typed>(
  { schema: 'long', values: long },
  { schema: 'int', values: fc.integer() },
  { schema: 'double', values: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0) },
  { schema: 'boolean', values: fc.boolean() },
  { schema: 'string', values: text },
  { schema: 'bytes', values: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)) },
);

function symbols(): Typed {
  const schema: AvroSchema = { type: 'enum', name: `E${names++}`, symbols: ['A', 'BB', 'CCC'] };
  return { schema, values: fc.constantFrom('A', 'BB', 'CCC') };
}

function nested(inner: fc.Arbitrary<Typed>): fc.Arbitrary<Typed> {
  return fc.oneof(
    inner.map(({ schema, values }) => ({
      schema: { type: 'array', items: schema } as const,
      values: fc.array(values, { maxLength: 3 }),
    })),
    inner.map(({ schema, values }) => ({
      schema: { type: 'map', values: schema } as const,
      values: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 3 }).filter((key) => key !== '__proto__'),
        values,
        {
          maxKeys: 3,
          noNullPrototype: true,
        },
      ),
    })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map(recordOf),
    inner
      .filter(({ schema }) => !Array.isArray(schema))
      .map(({ schema, values }) => ({ schema: ['null', schema] as const, values: fc.option(values) })),
    fc.constantFrom<Typed>(
      { schema: ['string', 'null', 'long'], values: fc.oneof(text, fc.constant(null), long) },
      { schema: ['string'], values: text },
    ),
    fc.constant(0).map(symbols),
  );
}

function recordOf(types: readonly Typed[]): { readonly schema: AvroRecord; readonly values: fc.Arbitrary<unknown> } {
  return {
    schema: {
      type: 'record',
      name: `R${names++}`,
      fields: types.map(({ schema }, i) => ({ name: `f${i}`, type: schema })),
    },
    values: fc.record(Object.fromEntries(types.map(({ values }, i) => [`f${i}`, values]))),
  };
}

const level = fc.oneof(
  { weight: 3, arbitrary: scalars },
  { weight: 4, arbitrary: nested(fc.oneof(scalars, nested(scalars))) },
);
const blocks = fc
  .array(level, { minLength: 1, maxLength: 6 })
  .map(recordOf)
  .chain(({ schema, values }) =>
    fc
      .array(values, { minLength: 1, maxLength: 6 })
      .map((events) => ({ schema, events: events.map((event) => Object(event)) })),
  );

/** All paths of fields, as far as records go. */
function pathsOf(schema: AvroSchema, before: string): string[] {
  if (typeof schema !== 'object') return [];
  if (!('type' in schema)) return schema.length === 2 ? schema.flatMap((branch) => pathsOf(branch, before)) : [];
  if (schema.type !== 'record') return [];
  return schema.fields.flatMap(({ name, type }) => [`${before}${name}`, ...pathsOf(type, `${before}${name}.`)]);
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'boolean') return Number(value);
  if (Object.is(value, -0)) return 0;
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, plain(own)]));
}

describe('the columns of a block of any schema', () => {
  test('hold what decoding it gives, for every field and every record around it', () => {
    fc.assert(
      fc.property(blocks, ({ schema, events }) => {
        const type = dynamicEventType(schema);
        const columns = type.columns(type.encodeBlock(events));
        const decoder = createJsonDecoder(schema, '');
        const read = events.map((_, row) => decoder.line(type.eventJson(columns.event(row))));
        expect(read.map((decoded) => (decoded.ok ? plain(decoded.event) : decoded))).toEqual(events.map(plain));
        expect(events.map((_, row) => plain(columns.event(row)))).toEqual(events.map(plain));
        for (const path of pathsOf(schema, '')) {
          const column = columns.column(path);
          const values = events.map((_, row) => {
            if (column === undefined || column.nulls?.[row] === 1) return null;
            if (column.kind === 'boxed') return plain(column.at(row));
            return column.kind === 'text' ? textAt(column, row) : plain(numberAt(column, row));
          });
          expect([path, values]).toEqual([path, events.map((event) => plain(valueAt(event, path)))]);
        }
        const bytes = events.map((_, row) => Buffer.from(columns.binary(row) ?? '', 'latin1').toString('hex'));
        expect(bytes).toEqual(events.map((event) => type.encode(event).toString('hex')));
      }),
      { numRuns: 60 },
    );
  });

  test('are exact beyond 2^53 only in a block that has such a long', () => {
    const type = dynamicEventType({
      type: 'record',
      name: 'Wide',
      fields: [
        { name: 'n', type: 'long' },
        { name: 'm', type: 'long' },
      ],
    });
    const read = type.columnReader();
    const exactOf = (events: readonly object[]) => {
      const columns = read(type.encodeBlock(events.map((event) => ({ m: 0, ...event }))));
      return ['n', 'm'].map((path) => {
        const column = columns.column(path);
        return column?.kind === 'number' && column.exact !== null ? [...column.exact] : null;
      });
    };
    expect(exactOf([{ n: 2 ** 53 - 1 }, { n: -(2 ** 53) + 1 }])).toEqual([null, null]);
    expect(exactOf([{ n: 1 }, { n: 2n ** 53n + 1n }])).toEqual([[1n, 2n ** 53n + 1n], null]);
    expect(exactOf([{ n: 1 }])).toEqual([null, null]);
  });

  test('refuse a block that is cut within a list', () => {
    const type = dynamicEventType({
      type: 'record',
      name: 'Listed',
      fields: [{ name: 'l', type: { type: 'array', items: 'string' } }],
    });
    const { bytes } = type.encodeBlock([{ l: ['one', 'two'] }, { l: ['three'] }]);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => type.columns({ bytes: bytes.slice(0, length), count: 2 })).toThrow();
    }
  });
});
