/** The part of docs/sql.md that is written from the table of functions: `npx tsx test/sql/write-functions.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { SqlFunction } from '../../src/sql/function.ts';
import { FUNCTION_GROUPS } from '../../src/sql/functions.ts';

const DOCUMENT = new URL('../../docs/sql.md', import.meta.url);
const BEGIN = '<!-- functions: written by npx tsx test/sql/write-functions.ts -->';
const END = '<!-- end of functions -->';

export function documentedFunctions(): string {
  const [, part = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN);
  return part.split(END)[0] ?? '';
}

export function writeDocument(): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = ''] = text.split(BEGIN);
  const [, after = ''] = text.split(END);
  writeFileSync(DOCUMENT, `${before}${BEGIN}${functionsText()}${END}${after}`);
}

export function functionsText(): string {
  const groups = FUNCTION_GROUPS.map(({ title, functions }) => {
    const rows = [...functions].sort((a, b) => (a.name < b.name ? -1 : 1)).map(rowOf);
    return `\n### ${title}\n\n| function | what it gives | example |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `\n${groups.join('')}\n`;
}

function rowOf({ name, aliases = [], summary, example, differs }: SqlFunction): string {
  const names = [name, ...aliases].map((each) => `\`${each}\``).join(', ');
  const what = differs === undefined ? summary : `${summary} **Unlike DuckDB:** ${differs}`;
  return `| ${names} | ${cell(what)} | \`${cell(example)}\` |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
