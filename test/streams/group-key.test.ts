/** Keys of several values as the text that they are in every place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOfEvents, textAt } from '../../src/messages/columns.ts';
import { keyText, keyValues } from '../../src/messages/key-values.ts';
import { type KeyPart, keyReader, partsOf } from '../../src/streams/group-key.ts';

const KEY: readonly KeyPart[] = [
  { name: 'word', field: 'word', gives: 'text' },
  { name: 'inner_n', field: 'inner.n', gives: 'whole number' },
  { name: 'other', field: 'other', gives: 'text' },
];

const text = fc.option(
  fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('"', '\\', '\n', '\u001f', ',', ']', '😀', 'é'),
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
      ),
    })
    .filter((word) => word.isWellFormed()),
);
const row = fc.record({ word: text, n: fc.option(fc.maxSafeInteger()), other: text });

test('a key of several is the JSON array of its values, and gives them back', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), fc.array(row, { minLength: 1 }), (rows, before) => {
      const read = keyReader(KEY);
      const columnsOf = (all: typeof rows) =>
        columnsOfEvents(all.map(({ word, n, other }) => ({ word, inner: { n }, other })));
      read(columnsOf(before));
      const column = read(columnsOf(rows));
      for (const [i, { word, n, other }] of rows.entries()) {
        const values = [word, n === null ? null : n + 0, other];
        const key = column?.kind === 'text' ? textAt(column, i) : '';
        expect(key).toBe(JSON.stringify(values));
        expect(Object.values(partsOf(KEY, key))).toEqual(values);
        expect(keyText(keyValues(` [ ${values.map((value) => JSON.stringify(value)).join(' , ')} ]`))).toBe(key);
      }
    }),
  );
});

test('a whole number that no double holds is read as it is', () => {
  expect(keyValues('["a",9007199254740993,true,null]')).toEqual(['a', 9007199254740993n, true, null]);
  expect(keyText(keyValues('["a",9007199254740993,true,null]'))).toBe('["a",9007199254740993,true,null]');
});
