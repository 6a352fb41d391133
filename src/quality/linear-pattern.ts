/**
 * Translates a JavaScript pattern with the flag `u` into the syntax of RE2, so that it matches the same texts. Where the same
 * letters mean different characters, as `\s` and `.` do, the characters are written out.
 */

/** The fault of a pattern, in words for people. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

/** JavaScript's white space and line ends; RE2's `\s` has only those of ASCII. */
const SPACE =
  '\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const ANY_OF_A_LINE = '[^\\n\\r\\x{2028}\\x{2029}]';
const LAST_CODE_POINT = 0x10ffff;

/** A step through a pattern: an escape, a group's head, a class, or one character. */
const TOKEN =
  /\\(?:u\{[0-9a-fA-F]+\}|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|\d+|.)|\(\?(?:<?[=!]|<[^>]*>|:)|\[(?:\\.|[^\]\\])*\]|./gsu;
/** A class with the same meaning in both, apart from `\s`: no set operators, and no escapes that only one of them has. */
const PLAIN_CLASS = /^\[\^?(?:[^\\[\]^]|\\[dDwWs.*+?^$()[\]{}|/\\tnrf-])+\]$/u;

/** Throws a PatternError for an invalid pattern, and for one that looks ahead or behind or refers back. */
export function linearPattern(pattern: string): string {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : String(error));
  }
  return (pattern.match(TOKEN) ?? []).map(translated).join('');
}

function translated(token: string): string {
  if (token === '.') return ANY_OF_A_LINE;
  if (token.startsWith('(')) return group(token);
  if (token.startsWith('[')) return characterClass(token);
  return token.startsWith('\\') ? escaped(token) : token;
}

function group(token: string): string {
  if (/^\(\?<?[=!]$/.test(token)) {
    const where = token.includes('<') ? 'behind' : 'ahead';
    throw new PatternError(
      `${token}…) looks ${where}, and a text is matched in one pass: say it in a condition beside it`,
    );
  }
  return '(?:';
}

function escaped(token: string): string {
  const kind = token[1] ?? '';
  switch (kind) {
    case 's':
      return `[${SPACE}]`;
    case 'S':
      return `[^${SPACE}]`;
    case 'c':
      return `\\x{${(token.charCodeAt(2) % 32).toString(16)}}`;
    case 'u':
    case 'x':
      return codePoint(token);
    case 'p':
    case 'P':
      return rangesOf(token);
    case 'k':
      throw new PatternError(refersBack(token));
    case '0':
      return '\\x{0}';
    default:
      if (kind >= '1' && kind <= '9') throw new PatternError(refersBack(token));
      return token;
  }
}

function refersBack(token: string): string {
  return `${token} refers back to a group, and a text is matched in one pass`;
}

function codePoint(token: string): string {
  const [high = '0', low] = token.match(/[0-9a-fA-F]{2,}(?=\}|\\|$)/g) ?? [token.replaceAll(/[^0-9a-fA-F]/g, '')];
  const code =
    low === undefined
      ? Number.parseInt(high, 16)
      : String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0)!;
  // No text has half of a surrogate pair, so nothing matches it.
  return code >= 0xd800 && code <= 0xdfff ? classOf([]) : `\\x{${code.toString(16)}}`;
}

function characterClass(token: string): string {
  if (PLAIN_CLASS.test(token)) return token.replaceAll(/\\[\\s]/g, (one) => (one === '\\s' ? SPACE : one));
  return rangesOf(token);
}

const known = new Map<string, string>();

/** The characters of a class or Unicode property, found by asking JavaScript for each character. */
function rangesOf(token: string): string {
  const found = known.get(token);
  if (found !== undefined) return found;
  const one = new RegExp(`^${token}$`, 'u');
  const ranges: [number, number][] = [];
  let start = -1;
  for (let code = 0; code <= LAST_CODE_POINT + 1; code++) {
    const isIn = code <= LAST_CODE_POINT && (code < 0xd800 || code > 0xdfff) && one.test(String.fromCodePoint(code));
    if (isIn && start < 0) start = code;
    if (isIn || start < 0) continue;
    ranges.push([start, code - 1]);
    start = -1;
  }
  const written = classOf(ranges);
  known.set(token, written);
  return written;
}

function classOf(ranges: readonly (readonly [number, number])[]): string {
  if (ranges.length === 0) return `[^\\x{0}-\\x{${LAST_CODE_POINT.toString(16)}}]`;
  return `[${ranges.map(([from, to]) => `\\x{${from.toString(16)}}-\\x{${to.toString(16)}}`).join('')}]`;
}
