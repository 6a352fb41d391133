/** JSON of any layout to JSON lines; JSON.parse is the judge of what each line means. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toJsonLines } from '../../src/http/ingest-body.ts';

const lines = (text: string) => Buffer.from(toJsonLines(Buffer.from(text))).toString('utf8');

describe('application/json as JSON lines', () => {
  test('the items of any array, however it is indented, come back in order, one a line', () => {
    const items = fc.array(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), {
      minLength: 1,
    });
    fc.assert(
      fc.property(items, fc.integer({ min: 0, max: 3 }), (values, indent) => {
        const out = lines(JSON.stringify(values, null, indent)).split('\n');
        expect(out.map((line) => JSON.stringify(JSON.parse(line)))).toEqual(
          values.map((value) => JSON.stringify(value)),
        );
      }),
    );
  });

  test('one object over several lines becomes one line of the same value', () => {
    const value = { a: 'x\ny', b: [1, { c: '}],{' }] };
    expect(lines(JSON.stringify(value, null, 2)).includes('\n')).toBe(false);
    expect(JSON.parse(lines(JSON.stringify(value, null, 2)))).toEqual(value);
  });

  test('numbers keep their digits', () => {
    expect(lines('[ {"id":12345678901234567890, "p":1.10} ]')).toBe('{"id":12345678901234567890, "p":1.10}');
  });

  test('JSON lines stay as they are, a broken line among them too', () => {
    expect(lines('{"a":1}\n{"a":\n{"a":3}')).toBe('{"a":1}\n{"a":\n{"a":3}');
  });

  test('an array that does not parse is refused whole', () => {
    expect(() => lines('[{"a":1},{"a":2}')).toThrow(SyntaxError);
  });

  test('an empty array is no events', () => {
    expect(lines(' [ ] ')).toBe('');
  });
});
