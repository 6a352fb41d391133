/**
 * Loads a module that a user wrote, as it is: JavaScript anywhere, TypeScript where Node takes the types off by itself. Once
 * a process and thread; that it is the same everywhere, and since when, is told by the hash of its text and that of every
 * file that it imports by a relative path.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hasCode } from '../error-code.ts';
import { ImportTimeout, importWithin } from './bounded-import.ts';
import { guardClock } from './guard.ts';
import { checkModuleFile, ModuleError } from './module-file.ts';
import { syntaxPlace } from './syntax-place.ts';

export interface UserModule {
  /** Its default export, or the one that was asked for. */
  readonly exported: unknown;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Throws a ModuleError, also where the import does not end. */
export function loadUserModule(path: string, exportName = 'default', importWithinMs?: number): UserModule {
  checkModuleFile(path);
  guardClock();
  const texts = textsOf(path);
  const load = (): unknown => importWithin(path, importWithinMs);
  return { exported: required(path, exportName, load, texts.keys()), sha256: hashOf(texts.values()) };
}

function required(path: string, exportName: string, load: () => unknown, files: Iterable<string>): unknown {
  try {
    const module = load();
    if (typeof module !== 'object' || module === null) return undefined;
    if (exportName === 'default') return 'default' in module ? module.default : module;
    return Reflect.get(module, exportName);
  } catch (error) {
    if (error instanceof ImportTimeout) throw new ModuleError(error.message, { cause: error });
    if (hasCode(error, 'ERR_REQUIRE_ASYNC_MODULE')) {
      throw new ModuleError(`${path} waits at its top level (await), which a module of Millrace may not`, {
        cause: error,
      });
    }
    const place = error instanceof SyntaxError ? syntaxPlace(files) : null;
    const where = place ?? `${path}${error instanceof Error ? placeIn(error, path) : ''}`;
    const why = `${error instanceof Error ? error.message : String(error)}${hintFor(error)}`;
    throw new ModuleError(`${where} can't be imported: ${why}`, { cause: error });
  }
}

/** A module finds the package where any module would: in a folder `node_modules` beside or above it. */
function hintFor(error: unknown): string {
  const lacksPackage = error instanceof Error && /Cannot find (package|module) 'millrace/.test(error.message);
  return lacksPackage ? '; install it there with npm, or begin with the project that `millrace init DIR` writes' : '';
}

/** Where in the file it was, as `:line:column`, if its stack says. */
function placeIn({ stack = '' }: Error, path: string): string {
  const at = stack.indexOf(`${path}:`);
  return at < 0 ? '' : (/^(:\d+)(:\d+)?/.exec(stack.slice(at + path.length))?.[0] ?? '');
}

const IMPORTED = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** By path, the text of a module and of all that it imports by relative paths, in the order in which they are first named. */
function textsOf(path: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const add = (file: string): void => {
    if (texts.has(file) || !existsSync(file)) return;
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const [, specifier = ''] of text.matchAll(IMPORTED)) add(resolve(dirname(file), specifier));
  };
  add(path);
  return texts;
}

/** The same texts give the same hash, wherever they lie. */
function hashOf(texts: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}\n`).update(text);
  return hash.digest('hex');
}
