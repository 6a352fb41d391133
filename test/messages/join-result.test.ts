/** The record of a join's results holds the records of both sides, whatever they have in common. */
import { expect, test } from 'vitest';
import type { AvroRecord, AvroSchema } from '../../src/messages/avro.ts';
import { joinOfRecord, joinResultSchema, joinResultType } from '../../src/messages/join-result.ts';

const address: AvroSchema = {
  type: 'record',
  name: 'Address',
  namespace: 'geo',
  fields: [{ name: 'city', type: 'string' }],
};
const grade: AvroSchema = { type: 'enum', name: 'Grade', symbols: ['low', 'high'] };
const order: AvroRecord = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'from', type: address },
    { name: 'to', type: ['null', 'geo.Address'] },
    { name: 'before', type: ['null', 'shop.Order'] },
  ],
};
const customer: AvroRecord = {
  type: 'record',
  name: 'Customer',
  fields: [
    { name: 'homes', type: { type: 'array', items: address } },
    { name: 'grades', type: { type: 'map', values: grade } },
  ],
};
const left = {
  from: { city: 'A' },
  to: null,
  before: { from: { city: 'B' }, to: { city: 'C' }, before: null },
};
const right = { homes: [{ city: 'D' }], grades: { x: 'high' } };

test('types of one name on both sides, references and records within themselves are told apart', () => {
  const { type } = joinResultType('orders.of', order, customer);
  const result = { key: 'k', left, right, ts: 5 };
  expect(type.decodeBlock(type.encodeBlock([result]).bytes)).toEqual([result]);
  expect(joinOfRecord(type.name)).toBe('orders.of');
});

test('what a join gives may be joined again, also with one of its own sides', () => {
  const inner = joinResultSchema('inner', order, customer);
  const { type } = joinResultType('outer', inner, customer);
  const result = { key: null, left: { key: 'k', left, right, ts: 5 }, right, ts: 6 };
  expect(type.decodeBlock(type.encodeBlock([result]).bytes)).toEqual([result]);
});
