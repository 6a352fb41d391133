/** What becomes of fields that a schema does not have, by the contract of the stream. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';
import type { UnknownFields } from '../../src/messages/unknown-fields.ts';

const schema = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'place', type: { type: 'record', name: 'P', fields: [{ name: 'city', type: 'string' }] } },
    { name: 'n', type: 'int', default: 7 },
    { name: 'rest', type: ['null', 'string'], default: null },
  ],
} as const satisfies AvroRecord;
const known = { id: 'a', place: { city: 'Ulm' } };

function read(contract: UnknownFields, event: object) {
  return createJsonDecoder(schema, 'id', { ...ISO_TIMES, contract }).line(JSON.stringify(event));
}

describe('an event with fields that its schema does not have', () => {
  test('is refused by freeze, which names them all and what is known', () => {
    expect(read('freeze', { ...known, colour: 'red', size: 3 })).toEqual({
      ok: false,
      reason: 'unknown-field',
      detail: 'colour and size are no fields of the schema; known: id, place, n, rest',
    });
    expect(read('freeze', { ...known, colour: 'red' })).toHaveProperty(
      'detail',
      'colour is not a field of the schema; known: id, place, n, rest',
    );
  });

  test('goes on without them by discard, also within a record', () => {
    const event = { ...known, colour: 'red', place: { city: 'Ulm', zip: 89073 } };
    expect(read('discard', event)).toEqual({ ok: true, event: { ...known, n: 7, rest: null } });
  });

  test('has them as JSON by evolve, with all digits, where its schema has a field for them', () => {
    const line = '{"id":"a","place":{"city":"Ulm"},"colour":{"r":1},"big":12345678901234567890,"half":0.5}';
    const decoded = createJsonDecoder(schema, 'id', { ...ISO_TIMES, contract: { evolve: 'rest' } }).line(line);
    const rest = '{"colour":{"r":1},"big":"12345678901234567890","half":0.5}';
    expect(decoded).toEqual({ ok: true, event: { ...known, n: 7, rest } });
  });

  test('is refused by evolve where they would be lost: within a record, or beside what the field has already', () => {
    const contract = { evolve: 'rest' };
    expect(read(contract, { ...known, place: { city: 'Ulm', zip: 1 } })).toHaveProperty('reason', 'unknown-field');
    expect(read(contract, { ...known, rest: 'mine', colour: 1 })).toHaveProperty('reason', 'unknown-field');
    expect(read(contract, { ...known, rest: 'mine' })).toMatchObject({ ok: true, event: { rest: 'mine' } });
  });
});

test('without such fields an event is the same by any contract', () => {
  for (const contract of ['freeze', 'discard', { evolve: 'rest' }] as const) {
    expect(read(contract, known)).toEqual({ ok: true, event: { ...known, n: 7, rest: null } });
  }
});
