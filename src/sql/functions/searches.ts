/** Texts in texts: where one is, what stands between, how near two are. All places are of code points, from 1. */
import { Buffer } from 'node:buffer';
import { boundLength, codePoints, placeOf } from '../code-points.ts';
import { containsOf } from '../elements.ts';
import type { SqlFunction } from '../function.ts';
import { ANY, INTEGER, LIST, MAP, nullable, VARCHAR } from '../kinds.ts';
import { of2, of3, ofTypes, scalar, T_BIGINT, T_BOOLEAN, T_DOUBLE, T_VARCHAR } from '../overloads.ts';
import { SqlError } from '../value.ts';

const BYTES = 'Two texts whose lengths in bytes multiply to more than 100,000,000 are a fault.';

export const SEARCHES: readonly SqlFunction[] = [
  scalar(
    {
      name: 'contains',
      summary: 'Whether a text is in a text, an element in a list, or a key in a map.',
      example: "contains('hello', 'ell') = true",
    },
    of2(VARCHAR, VARCHAR, T_BOOLEAN, (text, part) => text.includes(part)),
    ofTypes([LIST, ANY], T_BOOLEAN, containsOf),
    of2(MAP, VARCHAR, T_BOOLEAN, (map, key) => map.has(key)),
  ),
  scalar(
    {
      name: 'starts_with',
      aliases: ['prefix'],
      summary: 'Whether a text begins with another.',
      example: "starts_with('hello', 'he') = true",
    },
    of2(VARCHAR, VARCHAR, T_BOOLEAN, (text, part) => text.startsWith(part)),
  ),
  scalar(
    {
      name: 'ends_with',
      aliases: ['suffix'],
      summary: 'Whether a text ends with another.',
      example: "ends_with('hello', 'lo') = true",
    },
    of2(VARCHAR, VARCHAR, T_BOOLEAN, (text, part) => text.endsWith(part)),
  ),
  scalar(
    {
      name: 'strpos',
      aliases: ['instr', 'position'],
      summary: 'The place of a text in another, 0 where it is not.',
      example: "strpos('hello', 'l') = 3",
    },
    of2(VARCHAR, VARCHAR, T_BIGINT, (text, part) => {
      const at = text.indexOf(part);
      return at < 0 ? 0 : placeOf(text, at) + 1;
    }),
  ),
  scalar(
    {
      name: 'replace',
      summary: 'With each of a text replaced by another.',
      example: "replace('hello', 'l', '-') = 'he--o'",
    },
    of3(VARCHAR, VARCHAR, VARCHAR, T_VARCHAR, (text, from, to) => {
      if (from === '') return text;
      const parts = text.split(from);
      boundLength(text.length + (parts.length - 1) * (to.length - from.length));
      return parts.join(to);
    }),
  ),
  scalar(
    {
      name: 'translate',
      summary: 'With each character of the second replaced by that at its place in the third, or left out.',
      example: "translate('12345', '143', 'ax') = 'a2x5'",
    },
    of3(VARCHAR, VARCHAR, VARCHAR, T_VARCHAR, translate),
  ),
  scalar(
    {
      name: 'string_split',
      aliases: ['str_split', 'string_to_array', 'split'],
      summary: 'What stands between a separator, as a list; between the characters with an empty one.',
      example: "string_split('a,b', ',') = ['a', 'b']",
      seesNulls: true,
    },
    of2(nullable(VARCHAR), nullable(VARCHAR), { kind: 'list', of: T_VARCHAR }, (text, separator) => {
      return text === null ? null : separator === null ? [text] : splitBy(text, separator);
    }),
  ),
  scalar(
    {
      name: 'split_part',
      summary: 'One of the parts between a separator; a negative place counts from the end. Empty where there is none.',
      example: "split_part('a,b,c', ',', 2) = 'b'",
    },
    of3(VARCHAR, VARCHAR, INTEGER, T_VARCHAR, (text, separator, place) => {
      const parts = splitBy(text, separator);
      return parts[place > 0 ? place - 1 : place < 0 ? parts.length + place : -1] ?? '';
    }),
  ),
  distance(
    'levenshtein',
    'How many bytes must be set in, left out or replaced.',
    "levenshtein('duck', 'db') = 3",
    (a, b) => {
      return editDistance(a, b, false);
    },
    ['editdist3'],
  ),
  distance(
    'damerau_levenshtein',
    'As levenshtein, where two neighbours that changed places count once.',
    "damerau_levenshtein('ab', 'ba') = 1",
    (a, b) => editDistance(a, b, true),
  ),
  distance('hamming', 'At how many places two texts of one length differ.', "hamming('duck', 'luck') = 1", hamming, [
    'mismatches',
  ]),
  scalar(
    {
      name: 'jaccard',
      summary: 'How many of the bytes of both texts are in both: 0 to 1.',
      example: "jaccard('duck', 'luck') = 0.6",
    },
    of2(VARCHAR, VARCHAR, T_DOUBLE, jaccard),
  ),
];

function distance(
  name: string,
  summary: string,
  example: string,
  of: (a: Buffer, b: Buffer) => number,
  aliases: readonly string[] = [],
): SqlFunction {
  return scalar(
    { name, aliases, summary, example, differs: BYTES },
    of2(VARCHAR, VARCHAR, T_BIGINT, (a, b) => of(Buffer.from(a), Buffer.from(b))),
  );
}

function splitBy(text: string, separator: string): string[] {
  if (separator !== '') return text.split(separator);
  return text === '' ? [''] : codePoints(text);
}

function translate(text: string, from: string, to: string): string {
  const replacements = codePoints(to);
  const found = new Map<string, string>();
  codePoints(from).forEach((point, i) => {
    if (!found.has(point)) found.set(point, replacements[i] ?? '');
  });
  return codePoints(text)
    .map((point) => found.get(point) ?? point)
    .join('');
}

/** Of bytes, by rows. Source: Levenshtein 1966; with neighbours, the restricted form keeps one row more. */
function editDistance(a: Buffer, b: Buffer, swaps: boolean): number {
  if (a.length * b.length > 1e8) throw new SqlError('Texts of so many characters are not compared by their edits');
  return swaps ? damerau(a, b) : levenshtein(a, b);
}

function levenshtein(a: Buffer, b: Buffer): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitute));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Source: Damerau 1964, the unrestricted form of Lowrance and Wagner 1975. */
function damerau(a: Buffer, b: Buffer): number {
  const width = b.length + 2;
  const most = a.length + b.length;
  const table = new Uint32Array((a.length + 2) * width).fill(most);
  for (let i = 0; i <= a.length; i++) table[(i + 1) * width + 1] = i;
  for (let j = 0; j <= b.length; j++) table[width + j + 1] = j;
  const lastRowOf = new Uint32Array(256);
  for (let i = 1; i <= a.length; i++) {
    let lastColumn = 0;
    for (let j = 1; j <= b.length; j++) {
      const row = lastRowOf[b[j - 1]!]!;
      const column = lastColumn;
      const isSame = a[i - 1] === b[j - 1];
      if (isSame) lastColumn = j;
      table[(i + 1) * width + j + 1] = Math.min(
        table[i * width + j]! + Number(!isSame),
        table[(i + 1) * width + j]! + 1,
        table[i * width + j + 1]! + 1,
        table[row * width + column]! + (i - row - 1) + 1 + (j - column - 1),
      );
    }
    lastRowOf[a[i - 1]!] = i;
  }
  return table[(a.length + 1) * width + b.length + 1]!;
}

function hamming(a: Buffer, b: Buffer): number {
  if (a.length !== b.length || a.length === 0) {
    throw new SqlError('hamming compares texts of the same length, not empty ones');
  }
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

function jaccard(a: string, b: string): number {
  const [x, y] = [new Set(Buffer.from(a)), new Set(Buffer.from(b))];
  if (x.size === 0 || y.size === 0) throw new SqlError('jaccard compares texts that are not empty');
  const both = [...x].filter((byte) => y.has(byte)).length;
  return both / (x.size + y.size - both);
}
