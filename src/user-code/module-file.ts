/** The file of a module that a user wrote: whether Node can run it. */
import { existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';

/** A module that can't be had. The message says why, for people. */
export class ModuleError extends Error {}

const TYPESCRIPT: readonly string[] = ['.ts', '.mts', '.cts'];
const LOADED: readonly string[] = [...TYPESCRIPT, '.js', '.mjs', '.cjs'];

/** Throws a ModuleError. */
export function checkModuleFile(path: string): void {
  if (!existsSync(path) || !statSync(path).isFile()) throw new ModuleError(`there is no file ${path}`);
  const extension = extname(path);
  if (!LOADED.includes(extension)) throw new ModuleError(`${path}: a module ends in ${LOADED.join(', ')}`);
  if (TYPESCRIPT.includes(extension) && !takesTypeScript()) {
    throw new ModuleError(
      `${path} is TypeScript, which Node ${process.versions.node} does not run: build it and name the .js file, or use Node 22.18 or newer`,
    );
  }
}

function takesTypeScript(): boolean {
  return Boolean(Reflect.get(process.features, 'typescript'));
}
