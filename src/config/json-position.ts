/** Where a text stops being JSON. JSON.parse of Node.js 20 says it for some errors only. */

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them unescaped in a string (RFC 8259, 7).
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;

/** Offset of the first character that cannot stand there, the text's length when it ends too early; null for JSON. */
export function jsonErrorAt(text: string): number | null {
  let at = 0;
  /** The brackets that are open, the innermost last. */
  const open: ('{' | '[')[] = [];
  let expects: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' | 'nothing' = 'value';
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (match === null) return start === text.length && expects === 'nothing' ? null : start;
    const [, mark, string] = match;
    const top = open.at(-1);
    if (mark === '}' || mark === ']') {
      const opener = mark === '}' ? '{' : '[';
      const mayEnd = expects === 'commaOrEnd' || expects === (mark === '}' ? 'keyOrEnd' : 'valueOrEnd');
      if (top !== opener || !mayEnd) return start;
      open.pop();
      expects = open.length === 0 ? 'nothing' : 'commaOrEnd';
    } else if (mark === ',') {
      if (expects !== 'commaOrEnd') return start;
      expects = top === '{' ? 'key' : 'value';
    } else if (mark === ':') {
      if (expects !== 'colon') return start;
      expects = 'value';
    } else if (expects === 'key' || expects === 'keyOrEnd') {
      if (string === undefined) return start;
      expects = 'colon';
    } else if (expects !== 'value' && expects !== 'valueOrEnd') {
      return start;
    } else if (mark === '{' || mark === '[') {
      open.push(mark);
      expects = mark === '{' ? 'keyOrEnd' : 'valueOrEnd';
    } else {
      expects = open.length === 0 ? 'nothing' : 'commaOrEnd';
    }
    at = TOKEN.lastIndex;
  }
}
