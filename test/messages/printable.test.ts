/** Texts of strangers before a terminal. What a terminal obeys: ECMA-48, C0 and C1, and the controls of bidirectional text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableJson, printableLine } from '../../src/messages/printable.ts';

const ALL_CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ...[0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));
const obeyed = (text: string): string[] => ALL_CONTROLS.filter((control) => text.includes(control));

const texts = fc.string({
  unit: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...ALL_CONTROLS, '\\', '"', 'u', '001b', '[31m') },
    fc.string({ unit: 'grapheme' }),
  ),
});
const values = fc.jsonValue({ stringUnit: fc.constantFrom(...ALL_CONTROLS, '\\', '"', 'u', 'a') });

describe('a text of a stranger', () => {
  test('has nothing that a terminal obeys but line feeds and tabs, and none in one line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(obeyed(printable(text)).filter((control) => !'\t\n'.includes(control))).toEqual([]);
        expect(obeyed(printableLine(text))).toEqual([]);
      }),
    );
  });

  test('is as it was where there is nothing to escape', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(printableLine(text)).toBe(text);
      }),
    );
    expect(printable('ärger 日本 😀')).toBe('ärger 日本 😀');
  });

  test('is shown by its escape', () => {
    expect(printableLine('\x1b[2Jgone\r\n\x9b31m\u202e')).toBe('\\u001b[2Jgone\\u000d\\n\\u009b31m\\u202e');
  });
});

describe('JSON', () => {
  test('is the same JSON', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('whose strings are printed once it is parsed has none that a terminal obeys', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parsed: string = JSON.parse(printableJson(JSON.stringify(text)));
        expect(obeyed(parsed).filter((control) => !'\t\n'.includes(control))).toEqual([]);
      }),
    );
  });
});
