/** JSON.parse is the judge of what JSON is; where it names a position, that is the judge of the position too. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonErrorAt } from '../../src/config/json-position.ts';

function parseError(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return String(error);
  }
}

test('there is no error in JSON', () => {
  fc.assert(fc.property(fc.json(), (text) => jsonErrorAt(text) === null));
  expect(jsonErrorAt(' {\r\n\t"a\\u00e9\\n": [1, -0.5e+3, true, null, {}, [], ""]} ')).toBeNull();
});

test('a spoilt text has an error exactly when JSON.parse refuses it', () => {
  const spoilt = fc
    .tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.nat(2),
      fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', 'x', '1', '-', '.', '\n', '\u00a0', '\t'),
    )
    .map(([text, at, cut, mark]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + mark + text.slice(place + cut);
    });
  fc.assert(
    fc.property(spoilt, (text) => {
      expect([text, jsonErrorAt(text) !== null]).toEqual([text, parseError(text) !== null]);
    }),
    { numRuns: 2000 },
  );
});

test('a structural error is at the position that JSON.parse names', () => {
  for (const text of ['{"a":1,}', '{"a" 1}', '{"a":1 "b":2}', '[1 2]', '{"a":[1,2}', '{,}', '[1]]', '{"a":1}x']) {
    const position = Number(/position (\d+)/.exec(parseError(text) ?? '')?.[1]);
    expect([text, jsonErrorAt(text)]).toEqual([text, position]);
  }
});

test('a text that ends too early has its error at its end', () => {
  for (const text of ['', '{', '{"a":', '[1,']) expect(jsonErrorAt(text)).toBe(text.length);
});
