/**
 * Numbers of JSON as they are written. JSON.parse rounds them to doubles without a word; where that may have cost a digit,
 * the text is read once more here.
 */

const WRITTEN = Symbol('written');

/** A number of more digits than a double surely holds, by its text. */
export interface WrittenNumber {
  readonly [WRITTEN]: string;
}

/** The text of such a number; null for any other value. */
export function writtenText(value: unknown): string | null {
  return isWritten(value) ? value[WRITTEN] : null;
}

export function isWritten(value: unknown): value is WrittenNumber {
  return typeof value === 'object' && value !== null && WRITTEN in value;
}

/** A double holds any number of so many digits, and gives them back. */
const SURE_DIGITS = 15;
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{}:,])/y;

interface Open {
  readonly items: unknown[] | null;
  readonly entries: [string, unknown][];
  key: string | null;
}

/** The value of a text that JSON.parse takes, with long numbers as WrittenNumbers. */
export function parseWritten(text: string): unknown {
  const open: Open[] = [{ items: [], entries: [], key: null }];
  const give = (value: unknown): void => {
    const outer = open.at(-1)!;
    if (outer.items !== null) outer.items.push(value);
    else if (outer.key === null) outer.key = String(value);
    else {
      outer.entries.push([outer.key, value]);
      outer.key = null;
    }
  };
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const token = found[1]!;
    if (token === '{') open.push({ items: null, entries: [], key: null });
    else if (token === '[') open.push({ items: [], entries: [], key: null });
    else if (token === '}' || token === ']') {
      const { items, entries } = open.pop()!;
      give(items ?? Object.fromEntries(entries));
    } else if (token !== ',' && token !== ':') give(isNumber(token) ? numberOf(token) : JSON.parse(token));
  }
  return open[0]?.items?.[0];
}

function isNumber(token: string): boolean {
  return token[0] === '-' || (token[0]! >= '0' && token[0]! <= '9');
}

function numberOf(text: string): number | WrittenNumber {
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  return digits.length <= SURE_DIGITS && !/[eE]/.test(text) ? Number(text) : { [WRITTEN]: text };
}
