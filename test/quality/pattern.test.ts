/** Patterns against JavaScript's own engine, and where that one does not come back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { createMatches } from '../../src/quality/pattern.ts';

function matches(pattern: string, texts: readonly string[]): boolean[] {
  const column = columnsOfEvents(texts.map((text) => ({ text }))).column('text');
  if (column?.kind !== 'text') throw new Error('Texts are a column of texts');
  const has = createMatches(pattern);
  return texts.map((_, row) => has(column, row));
}

const ATOMS = [
  ...[
    'a',
    'b',
    'é',
    '😀',
    ' ',
    '@',
    '-',
    '/',
    '.',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\.',
    '\\/',
    '\\$',
    '\\n',
  ],
  ...[
    '\\t',
    '\\v',
    '\\f',
    '\\r',
    '\\0',
    '\\cJ',
    '\\x61',
    '\\u0061',
    '\\u{1F600}',
    '\\u{9}',
    '\\uD83D\\uDE00',
    '\\uD83D',
  ],
  ...[
    '[ab]',
    '[^ab]',
    '[a-c]',
    '[^]',
    '[]',
    '[\\s]',
    '[^\\s]',
    '[\\S]',
    '[\\d_]',
    '[\\b]',
    '[-a]',
    '[a\\-b]',
    '[.]',
    '[[]',
  ],
  ...[
    '[^\\W\\d]',
    '[\\]]',
    '[\\\\s]',
    '[é-ü]',
    '[😀-😂]',
    '[\\u{61}-\\u{63}]',
    '[\\p{Lu}\\d]',
    '[^\\P{L}]',
    '\\p{L}',
    '\\P{L}',
  ],
  ...['\\p{Script=Greek}', '\\p{sc=Latin}', '\\p{Letter}', '\\p{ASCII}', '\\p{Emoji}', '\\b', '\\B', '^', '$'],
];
const QUANTIFIERS = ['', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}', '{2,}'];
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...QUANTIFIERS))
      .map(([atom, quantifier]) => (['^', '$', '\\b', '\\B'].includes(atom) ? atom : atom + quantifier)),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('pattern'), fc.constantFrom(...QUANTIFIERS)).map(([a, quantifier]) => `(${a})${quantifier}`),
    tie('pattern').map((a) => `(?<name>${a.replaceAll('(?<name>', '(')})`),
  ),
}));
const character = fc.constantFrom(...'abcABé😀αω_019 @-/.$[]\\\n\r\t\v\f\b\0\u2028\u00a0\ufeff'.match(/./gsu)!);
const text = fc.string({ unit: character, maxLength: 6 });

test('match what JavaScript matches', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 12 }), (ours, drawn) => {
      // V8 looks for \\B between the halves of a character too.
      const texts = ours.includes('\\B') ? drawn.map((one) => one.replaceAll('😀', '')) : drawn;
      const plain = ours.replaceAll('(?<name>', '(');
      const own = new RegExp(plain, 'u');
      expect(matches(plain, texts)).toEqual(texts.map((one) => own.test(one)));
    }),
    { numRuns: 1500 },
  );
});

test('without operators are looked for by bytes, at the ends too', () => {
  const literal = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', ' ', '@'), maxLength: 4 });
  fc.assert(
    fc.property(
      fc.constantFrom('', '^'),
      literal,
      fc.constantFrom('', '$'),
      fc.array(literal, { minLength: 1 }),
      (start, inner, end, texts) => {
        const own = new RegExp(start + inner + end, 'u');
        expect(matches(start + inner + end, texts)).toEqual(texts.map((one) => own.test(one)));
      },
    ),
  );
});

test.each([
  ['^([A-Za-z0-9]+[._-]?)+@x$', `${'a'.repeat(100_000)}!`],
  ['(a|a)*b', 'a'.repeat(100_000)],
  ['(a*)*$', `${'a'.repeat(100_000)}b`],
  ['^(?:a?){30}a{30}$', 'a'.repeat(29)],
  ['x+x+y', 'x'.repeat(100_000)],
  ['(.*),(.*),(.*)!', ','.repeat(100_000)],
])('%s comes back', (slow, long) => {
  const before = performance.now();
  matches(slow, [long]);
  expect(performance.now() - before).toBeLessThan(5000);
});

describe('what can not be matched in one pass is refused in words', () => {
  test.each([
    ['(?=a)b', '(?=…) looks ahead'],
    ['a(?!b)', '(?!…) looks ahead'],
    ['(?<=a)b', '(?<=…) looks behind'],
    ['(?<!a)b', '(?<!…) looks behind'],
    ['(a)\\1', '\\1 refers back'],
    ['(?<x>a)\\k<x>', '\\k<x> refers back'],
    ['a{1001}', "can't be matched in linear time: invalid repeat count: `{1001}`"],
    ['(?:a{500}){500}', "can't be matched in linear time"],
    ['(', 'Unterminated group'],
    ['a\\', 'at end of pattern'],
  ])('%s', (refused, words) => expect(() => createMatches(refused)).toThrow(words));
});
