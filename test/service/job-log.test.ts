import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodePlatform } from '../../src/service/platform.ts';

test('of a directory the newest entries are kept, whatever their names', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-'));
  for (const [i, name] of ['c', 'a', 'b'].entries()) {
    mkdirSync(join(directory, name));
    utimesSync(join(directory, name), 1000 + i, 1000 + i);
  }
  await nodePlatform.keepNewest?.(directory, 2);
  expect(readdirSync(directory).sort()).toEqual(['a', 'b']);
  rmSync(directory, { recursive: true });
});
