/**
 * Texts of strangers as a terminal may show them: what would move its cursor, change its colours or hide what it shows is
 * written as an escape. JSON stays the same JSON: the escapes are those of its strings.
 */

// Controls but tab and line feed, those of the second set, and what turns the direction of text or ends a line unseen.
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const LINE_BREAKS = /[\t\n]/g;

/** Lines stay lines. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** In one line. */
export function printableLine(text: string): string {
  return printable(text).replace(LINE_BREAKS, escaped);
}

/** Of a line of JSON, its strings as they are to be printed once they are parsed. */
export function printableJson(json: string): string {
  return printable(json).replace(JSON_ESCAPE, (whole, control: string | undefined) => {
    if (control === undefined) return whole;
    return `\\\\${control}`;
  });
}

// An escaped backslash is passed over with what follows it.
const JSON_ESCAPE = /\\\\|\\(u00[01][\da-f]|u00[789][\da-f]|u20[26][\da-f]|[bfr])/gi;

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
