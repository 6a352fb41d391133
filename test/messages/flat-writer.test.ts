/** A flat writer writes the bytes that the general way writes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AvroRecord, LONG_MAX } from '../../src/messages/avro.ts';
import { eventType } from '../../src/messages/codec.ts';

const type = eventType({
  type: 'record',
  name: 'Flat',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'label', type: 'string' },
    { name: 'count', type: 'int' },
    { name: 'share', type: 'double' },
    { name: 'isOpen', type: 'boolean' },
    { name: 'note', type: 'string' },
  ],
} as const satisfies AvroRecord);

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
const event = fc.record({
  id: fc.oneof(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -LONG_MAX, max: LONG_MAX })),
  label: text,
  count: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  share: fc.double(),
  isOpen: fc.boolean(),
  note: text,
});

test('a flat writer writes what the general writer does, also longs beyond 2^52 and texts beyond ASCII', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), (events) => {
      const writer = type.flatWriter();
      const { numbers, texts, places } = writer;
      for (const { id, label, count, share, isOpen, note } of events) {
        numbers[places.id] = id;
        texts[places.label] = label;
        numbers[places.count] = count;
        numbers[places.share] = share;
        numbers[places.isOpen] = Number(isOpen);
        texts[places.note] = note;
        writer.write();
      }
      expect(writer.length).toBe(events.length);
      expect(writer.take()).toEqual(type.encodeBlock(events));
      expect(writer.take()).toBeNull();
    }),
  );
});

test('a flat writer refuses a number that its field can not hold', () => {
  const writer = type.flatWriter();
  writer.texts.push('', '');
  writer.numbers[writer.places.count] = 0.5;
  expect(() => writer.write()).toThrow('invalid "int": 0.5');
});

test('there is no flat writer for a field that can be null, or is a list', () => {
  for (const field of [
    { name: 'a', type: ['null', 'long'] } as const,
    { name: 'a', type: { type: 'array', items: 'long' } } as const,
  ]) {
    const other = eventType({ type: 'record', name: 'Other', fields: [field] });
    expect(() => other.flatWriter()).toThrow('Other has a field that is no plain number or text');
  }
});
