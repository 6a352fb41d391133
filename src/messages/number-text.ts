/** Numbers as texts: the words for numbers that are not finite, and decimals as exact whole numbers of a scale. */

const NOT_FINITE = new Map<string, number>([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
]);

/** NaN, inf and Infinity, with a sign and in either case, as languages write them; null for any other text. */
export function notFiniteWord(text: string): number | null {
  if (text.length > 9) return null;
  const [, sign, word] = /^([+-]?)([a-z]+)$/i.exec(text) ?? [];
  const value = NOT_FINITE.get(word?.toLowerCase() ?? '');
  if (value === undefined) return null;
  return sign === '-' ? -value : value;
}

/** A whole number of a scale as its decimal digits, with as many behind the point as the scale says. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** A decimal number and nothing around it, such as -1.5e3. Every number of JSON is one. */
const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Avro holds no decimal of more digits. */
const DIGITS_MAX = 1100;

export type Unscaled = bigint | 'no-number' | 'too-long' | 'too-fine';

/** The text's number times ten to the scale, exactly. */
export function unscaledOfText(text: string, scale: number): Unscaled {
  if (text.length > DIGITS_MAX) return 'too-long';
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL_TEXT.exec(text) ?? [];
  const digits = whole + fraction;
  if (digits === '') return 'no-number';
  const shift = Number(exponent) - fraction.length + scale;
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return 0n;
  if (shift >= 0) {
    if (significant.length + shift > DIGITS_MAX) return 'too-long';
    return BigInt(`${sign === '-' ? '-' : ''}${significant}${'0'.repeat(shift)}`);
  }
  const kept = significant.length + shift;
  const dropped = kept <= 0 ? significant : significant.slice(kept);
  if (/[1-9]/.test(dropped)) return 'too-fine';
  return kept <= 0 ? 0n : BigInt(`${sign === '-' ? '-' : ''}${significant.slice(0, kept)}`);
}
