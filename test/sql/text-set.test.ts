/** A set of texts by bytes has what JavaScript's own set of strings has. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { textSet } from '../../src/sql/text-set.ts';

/** "Aa" and "BB" have the same hash: 65 · 31 + 97 is 66 · 31 + 66. */
const text = fc.oneof(
  fc.constantFrom('', 'Aa', 'BB', 'AaAa', 'BBBB', 'AaBB'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);

test('a row is in the set when its text is', () => {
  fc.assert(
    fc.property(fc.array(text), fc.array(text, { minLength: 1 }), (members, rows) => {
      const column = columnsOfEvents(rows.map((own) => ({ own }))).column('own');
      if (column?.kind !== 'text') throw new Error('Texts are a column of text');
      const has = textSet(members);
      const wanted = new Set(members);
      expect(rows.map((_, row) => has(column, row))).toEqual(rows.map((own) => wanted.has(own)));
    }),
  );
});
