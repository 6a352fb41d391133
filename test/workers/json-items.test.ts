/** The items of a JSON array as they were written; JSON.parse is the judge of what they mean and of what is an array. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachItem, NESTING_MAX, nestingOf, onlyObject } from '../../src/workers/json-items.ts';

function itemsOf(text: string): { items: string[]; depths: number[]; problem: string | null } {
  const items: string[] = [];
  const depths: number[] = [];
  const problem = eachItem(Buffer.from(text), {
    item(bytes, number, depth) {
      expect(number).toBe(items.length + 1);
      items.push(bytes.toString('utf8'));
      depths.push(depth);
    },
  });
  return { items, depths, problem };
}

describe('the items of a JSON array', () => {
  test('come back in order, whatever they are and however the text is laid out', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 0, max: 3 }), (values, indent) => {
        const { items, problem } = itemsOf(` \n${JSON.stringify(values, null, indent)}\r\n`);
        expect(problem).toBeNull();
        expect(items.map((item) => JSON.stringify(JSON.parse(item)))).toEqual(
          values.map((value) => JSON.stringify(value)),
        );
      }),
    );
  });

  test('an array that JSON.parse refuses gives a problem, or an item that it refuses', () => {
    const damaged = fc
      .tuple(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(), fc.constantFrom('', ',', ']', '}', '"', '[', 'x'))
      .map(([values, at, put]) => {
        const text = JSON.stringify(values);
        const where = 1 + (at % (text.length - 1));
        return text.slice(0, where) + put + text.slice(where + (put === '' ? 1 : 0));
      });
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(damaged, (text) => {
        const { items, problem } = itemsOf(text);
        expect([text, problem === null && items.every(parses)]).toEqual([text, parses(text)]);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['[1,2', 'cut off behind 1'],
    ['[1,]', 'no event follows the comma'],
    ['[1,,2]', 'no event stands before the comma'],
    ['[1] 2', 'something follows the array'],
    ['[1}', 'a brace closes the array'],
  ])('%s is told by what is wrong', (text, words) => {
    expect(itemsOf(text).problem).toContain(words);
  });

  test('how deep each is nested is known before it is parsed', () => {
    expect(itemsOf('[1, [], {"a":[{"b":"[[["}]}, "[["]').depths).toEqual([0, 1, 3, 0]);
    expect(nestingOf(Buffer.from('{"a":[{"b":"]][["}]}'))).toBe(3);
    expect(nestingOf(Buffer.alloc(1 << 20, '['))).toBe(NESTING_MAX + 1);
  });

  test('one object is told from lines', () => {
    const text = JSON.stringify({ a: 'x}\n', b: [1, { c: '}],{' }] }, null, 2);
    expect(onlyObject(Buffer.from(` ${text}\n`))?.object.toString()).toBe(text);
    for (const lines of ['{"a":1}\n{"a":2}', '{"a":1', '5', '', '{"a":"}']) {
      expect([lines, onlyObject(Buffer.from(lines))]).toEqual([lines, null]);
    }
  });
});
