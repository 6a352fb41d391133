/** The tutorials as a reader follows them: each command is run, and prints what the tutorial says. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, temporaryDirectory } from './millrace.ts';
import { misprints } from './tutorial.ts';

const FOLDER = join(ROOT, 'docs/tutorials');
/** Followed where its broker is: test/kafka/broker/tutorial.test.ts. */
const OF_KAFKA = 'kafka.md';

for (const name of readdirSync(FOLDER).filter((each) => each !== OF_KAFKA)) {
  test(`${name} is true`, { timeout: 240_000 }, async () => {
    expect(await misprints(join(FOLDER, name), temporaryDirectory())).toEqual([]);
  });
}

test('a tutorial that is wrong is found', async () => {
  const wrong = join(ROOT, 'test/fixtures/wrong-tutorial.md');
  expect(await misprints(wrong, temporaryDirectory())).toEqual([
    expect.stringContaining('step 1 does not print four in: three'),
    expect.stringContaining('step 2 failed'),
  ]);
});
