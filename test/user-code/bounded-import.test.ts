import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadUserModule } from '../../src/user-code/load-module.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-import-'));
afterAll(() => rmSync(directory, { recursive: true }));

function written(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test.each(['endless.mjs', 'endless.cjs'])('a module whose import does not end is refused: %s', (name) => {
  const path = written(name, 'for (let n = 0; ; ) n += 1;\n');
  expect(() => loadUserModule(path, 'default', 50)).toThrow(`${path} was not imported within 0.05 s`);
  // Nor is it waited for again.
  expect(() => loadUserModule(path, 'default', 3_600_000)).toThrow('was not imported within 0.05 s');
});
