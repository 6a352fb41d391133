/** The symbols of an enum as texts of a column. */

/** The texts of a field of symbols, one behind the other. */
export interface SymbolTexts {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export function symbolTexts(symbols: readonly string[]): SymbolTexts {
  const texts = symbols.map((symbol) => Buffer.from(symbol, 'utf8'));
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    end += text.length;
    ends[i] = end;
  }
  return { bytes: Buffer.concat(texts), starts: ends.map((to, i) => to - texts[i]!.length), ends };
}
