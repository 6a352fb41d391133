/**
 * Makes texts of strangers safe for a terminal: characters that would move its cursor, change its colours or hide text are
 * escaped. JSON stays the same JSON, because the escapes are those of its strings.
 */

// All controls but tab and line feed, and characters that turn the direction of text or end a line unseen.
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const LINE_BREAKS = /[\t\n]/g;

/** Escapes a text of several lines. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** Escapes a text into one line. */
export function printableLine(text: string): string {
  return printable(text).replace(LINE_BREAKS, escaped);
}

/** Escapes the strings of a line of JSON that are going to be parsed and printed. */
export function printableJson(json: string): string {
  return printable(json).replace(JSON_ESCAPE, (whole, control: string | undefined) => {
    if (control === undefined) return whole;
    return `\\\\${control}`;
  });
}

// An escaped backslash is skipped together with what follows it.
const JSON_ESCAPE = /\\\\|\\(u00[01][\da-f]|u00[789][\da-f]|u20[26][\da-f]|[bfr])/gi;

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
