/** The document on extending, read: its table, and its examples as changes to files of the tree. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A new file's text, or what changes in one. */
interface Change {
  readonly path: string;
  readonly form: 'file' | 'diff';
  readonly text: string;
}

export interface Example {
  /** As the table's first column: "a source". */
  readonly adds: string;
  readonly changes: readonly Change[];
}

export function readDocument(): string {
  return readFileSync(join(ROOT, 'docs/extending.md'), 'utf8');
}

/** What is to be added, and the files that it takes. */
export function tableOf(text: string): { readonly adds: string; readonly files: readonly string[] }[] {
  return [...text.matchAll(/^\| (an? [a-z ]+) \| ([^|]+) \|/gm)].map(([, adds = '', files = '']) => ({
    adds,
    files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }));
}

export function examplesOf(text: string): Example[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      adds: (section.split('\n', 1)[0] ?? '').toLowerCase(),
      changes: [...section.matchAll(/<!-- (\S+) -->\n```(ts|js|diff)\n(.*?)```/gs)].map(
        ([, path = '', form, body = '']) => ({
          path,
          form: form === 'diff' ? form : 'file',
          text: body,
        }),
      ),
    }));
}

/** Throws when a line that the change goes by is not there. */
export function applyTo(root: string, { path, form, text }: Change): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, form === 'file' ? text : changed(readFileSync(file, 'utf8'), text, path));
}

function changed(before: string, diff: string, path: string): string {
  let after = before;
  for (const hunk of diff.split('@@\n')) {
    const lines = hunk.trimEnd().split('\n');
    const old = linesWithout('+', lines);
    const at = `\n${after}`.indexOf(`\n${old}\n`);
    if (at < 0) throw new Error(`${path} has no lines\n${old}`);
    after = after.slice(0, at) + linesWithout('-', lines) + after.slice(at + old.length);
  }
  return after;
}

function linesWithout(mark: string, lines: readonly string[]): string {
  const rest = lines.filter((line) => !line.startsWith(mark));
  return rest.map((line) => line.slice(1)).join('\n');
}
