/** docs/formats.md names every option that a stream has for its inputs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { printFormat } from '../../src/config/sections/formats.ts';
import { STANDARD_FORMAT } from '../../src/messages/stream-format.ts';

test('the table of docs/formats.md has each key of format.csv, and no other', () => {
  const text = readFileSync('docs/formats.md', 'utf8');
  const [, table = ''] = /\| key of `format\.csv` [^\n]*\n\|[- |]*\n((?:\|[^\n]*\n)*)/.exec(text) ?? [];
  const keys = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, key]) => key);
  const { csv, jsonl } = printFormat(STANDARD_FORMAT);
  expect(keys.sort()).toEqual(Object.keys(csv).sort());
  for (const key of Object.keys(jsonl)) expect(text).toContain(`\`${key}\``);
});
