/** Paths of files, by name or by pattern: `*` and `?` within a name, `[a-c]`, and `**` for any folders. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

function isPattern(path: string): boolean {
  return /[*?]|\[[^\]/]+\]/.test(path);
}

/** The files of a pattern, by their paths in order; of a name that is there, and of what is no pattern, the path itself. */
export function filesOf(path: string): readonly string[] {
  if (!isPattern(path) || statSync(path, { throwIfNoEntry: false }) !== undefined) return [path];
  const [first = '', ...names] = path.split('/').filter((name, i) => i === 0 || name !== '');
  const found = walk(first === '' ? '/' : '.', first === '' ? names : [first, ...names]);
  return [...new Set(found)].sort();
}

/** In what order files of several patterns are read: pattern after pattern, each file once. */
export function allFilesOf(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap(filesOf))];
}

/** The files below a folder whose names match one after another. */
function walk(folder: string, [name, ...rest]: readonly string[]): string[] {
  if (name === undefined) return [];
  if (name === '**') {
    const folders = entriesOf(folder).filter((entry) => !entry.startsWith('.') && isFolder(join(folder, entry)));
    return [...walk(folder, rest), ...folders.flatMap((entry) => walk(join(folder, entry), [name, ...rest]))];
  }
  const matches = isPattern(name) ? namePattern(name) : null;
  const entries = matches === null ? [name] : entriesOf(folder).filter((entry) => matches.test(entry));
  return entries.flatMap((entry) => {
    const path = join(folder, entry);
    if (rest.length > 0) return isFolder(path) ? walk(path, rest) : [];
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It is no folder, or may not be read: nothing matches there.
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A hidden name is matched by a pattern that begins with a dot, as in a shell. */
function namePattern(name: string): RegExp {
  const source = name.replace(/[.+^${}()|\\*?]|\[(?![^\]]+\])/g, (letter) => {
    if (letter === '*') return '.*';
    return letter === '?' ? '.' : `\\${letter}`;
  });
  return new RegExp(`^${name.startsWith('.') ? '' : '(?!\\.)'}${source.replaceAll('[!', '[^')}$`, 's');
}
