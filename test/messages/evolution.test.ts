import { describe, expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import type { AvroField, AvroRecord } from '../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../../src/messages/codec.ts';
import { createRegistry } from '../../src/messages/registry.ts';

const record = (...fields: AvroField[]): EventType<DynamicEvent> =>
  dynamicEventType({ type: 'record', name: 'Order', namespace: 'shop', fields } satisfies AvroRecord);

const ID = { name: 'id', type: 'int' } as const;
const NOTE = { name: 'note', type: ['null', 'string'], default: null } as const;
const QUANTITY = { name: 'quantity', type: 'int', default: 1 } as const;
const state = (symbols: readonly string[], fallback?: string): AvroField => ({
  name: 'state',
  type: { type: 'enum', name: 'State', symbols, ...(fallback === undefined ? {} : { default: fallback }) },
});

/** Writes with one version and reads with another, through a registry that learned the writer's from a log. */
function resolve(writer: EventType<DynamicEvent>, reader: EventType<DynamicEvent>, events: DynamicEvent[]): unknown[] {
  const registry = createRegistry(BUILTIN_TYPES);
  registry.add(reader);
  registry.learn(writer.fingerprint, writer.json);
  const { fingerprint, bytes } = writer.encodeBlock(events);
  return registry.decodeAs(reader, fingerprint, bytes);
}

describe('a block of an older schema', () => {
  test('has the default of a field that was added since', () => {
    expect(resolve(record(ID), record(ID, QUANTITY, NOTE), [{ id: 7 }, { id: 8 }])).toEqual([
      { id: 7, quantity: 1, note: null },
      { id: 8, quantity: 1, note: null },
    ]);
  });

  test('loses a field that was removed since', () => {
    expect(resolve(record(NOTE, ID), record(ID), [{ id: 7, note: 'gone' }])).toEqual([{ id: 7 }]);
  });

  test('keeps the meaning of its enum symbols when one is added in front', () => {
    const written = [{ state: 'open' }, { state: 'paid' }];
    const newer = record(state(['cancelled', 'open', 'paid']));
    expect(resolve(record(state(['open', 'paid'])), newer, written)).toEqual(written);
  });

  test('has fields that were put into another order since', () => {
    expect(resolve(record(ID, QUANTITY), record(QUANTITY, ID), [{ id: 7, quantity: 2 }])).toEqual([
      { id: 7, quantity: 2 },
    ]);
  });

  test('is widened where an int has become a long or a double', () => {
    const long = record({ name: 'id', type: 'long' });
    const double = record({ name: 'id', type: 'double' });
    expect(resolve(record(ID), long, [{ id: -7 }])).toEqual([{ id: -7 }]);
    expect(resolve(record(ID), double, [{ id: -7 }])).toEqual([{ id: -7 }]);
  });
});

describe('a block of a newer schema', () => {
  test('is read without the fields that this version does not know', () => {
    expect(resolve(record(ID, NOTE, QUANTITY), record(ID), [{ id: 7, note: 'new', quantity: 3 }])).toEqual([{ id: 7 }]);
  });

  test('has the default of a field that was removed since', () => {
    expect(resolve(record(ID), record(ID, NOTE), [{ id: 7 }])).toEqual([{ id: 7, note: null }]);
  });

  test("reads an unknown enum symbol as the enum's default", () => {
    const newer = record(state(['open', 'paid', 'refunded'], 'open'));
    const written = [{ state: 'refunded' }, { state: 'paid' }];
    expect(resolve(newer, record(state(['open', 'paid'], 'open')), written)).toEqual([
      { state: 'open' },
      { state: 'paid' },
    ]);
  });

  test('is refused when an unknown enum symbol has no default to fall back on', () => {
    const newer = record(state(['open', 'paid', 'refunded']));
    expect(() => resolve(newer, record(state(['open', 'paid'])), [{ state: 'refunded' }])).toThrow();
  });
});

describe('the registry', () => {
  const older = record(ID);
  const newer = record(ID, NOTE);

  test('reads blocks of several versions side by side', () => {
    const registry = createRegistry(BUILTIN_TYPES);
    registry.add(newer);
    registry.learn(older.fingerprint, older.json);
    const read = (type: EventType<DynamicEvent>, event: DynamicEvent): unknown[] => {
      const { fingerprint, bytes } = type.encodeBlock([event]);
      return registry.decodeAs(newer, fingerprint, bytes);
    };
    expect([read(older, { id: 1 }), read(newer, { id: 2, note: 'b' }), read(older, { id: 3 })].flat()).toEqual([
      { id: 1, note: null },
      { id: 2, note: 'b' },
      { id: 3, note: null },
    ]);
  });

  test('names the record of a fingerprint it was given or has learned, and of no other', () => {
    const registry = createRegistry(BUILTIN_TYPES);
    registry.learn(older.fingerprint, older.json);
    expect(registry.nameOf(older.fingerprint)).toBe('shop.Order');
    expect(registry.nameOf(transactionType.fingerprint)).toBe('dev.millrace.Transaction');
    expect(registry.nameOf(newer.fingerprint)).toBeUndefined();
    expect(registry.writerOf(transactionType.fingerprint)?.name).toBe('dev.millrace.Transaction');
    expect(registry.writerOf('0123456789abcdef')).toBeUndefined();
  });

  test('refuses a block whose schema it was never told of, and names it', () => {
    const { fingerprint, bytes } = older.encodeBlock([{ id: 1 }]);
    expect(() => createRegistry(BUILTIN_TYPES).decodeAs(newer, fingerprint, bytes)).toThrow(fingerprint);
  });

  test('refuses a block of another record, even one of the same shape', () => {
    const other = dynamicEventType({ type: 'record', name: 'Invoice', namespace: 'shop', fields: [ID] });
    const registry = createRegistry(BUILTIN_TYPES);
    registry.learn(other.fingerprint, other.json);
    const { fingerprint, bytes } = other.encodeBlock([{ id: 1 }]);
    expect(() => registry.decodeAs(older, fingerprint, bytes)).toThrow();
  });
});
