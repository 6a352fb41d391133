/** Texts with expressions in braces. */
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { compileExpression } from '../../src/sql/compile.ts';
import { bindValue } from '../../src/sql/compiled.ts';
import { bindTemplate, compileTemplate, templateExpression } from '../../src/sql/template.ts';

const schema: AvroRecord = {
  type: 'record',
  name: 'Paid',
  fields: [
    { name: 'cents', type: 'long' },
    { name: 'place', type: ['null', 'string'] },
  ],
};
const columns = columnsOfEvents([
  { cents: 22_050, place: "Anna's" },
  { cents: -5, place: null },
]);

const written = (text: string) => {
  const bound = bindTemplate(compileTemplate(text, schema), columns);
  return [bound(0), bound(1)];
};

describe('a template', () => {
  test('has the values of its expressions, numbers with the digits that it asks for, and a dash for null', () => {
    expect(written('{cents / 100:.2f} at {place}')).toEqual(["220.50 at Anna's", '-0.05 at –']);
    expect(written('{cents:.0f}, {cents * 1.5:.1f}')).toEqual(['22050, 33075.0', '-5, -7.5']);
  });

  test('may have braces and quotes within an expression, and doubled braces for themselves', () => {
    expect(written("{{{cents}}} {'}' || place || '{'} { {'a': cents}.a}")).toEqual([
      "{22050} }Anna's{ 22050",
      '{-5} – -5',
    ]);
  });

  test('is the same text as one SQL expression', () => {
    for (const text of ['{cents / 100:.2f} at {place}', "it's {{{cents}}}", 'no value', '', '{cents::VARCHAR}']) {
      const value = bindValue(compileExpression(templateExpression(text), schema), columns);
      expect([value(0), value(1)]).toEqual(written(text));
    }
  });

  test.each([
    ['{cents', 1, 'a { without its }'],
    ['all} of it', 4, 'a } without its {'],
    ['ab {cent}', 5, 'did you mean cents?'],
    ['{place:.2f}', 2, ':.2f is for numbers'],
    ['x{}', 3, ''],
  ])('that is wrong, %s, is refused at character %i', (text, position, message) => {
    expect(() => compileTemplate(text, schema)).toThrow(
      expect.objectContaining({ position, message: expect.stringContaining(message) }),
    );
  });
});
