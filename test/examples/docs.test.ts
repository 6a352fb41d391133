import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the examples of docs/testing.md are the files that are run', () => {
  const text = readFileSync('docs/testing.md', 'utf8');
  const examples = [...text.matchAll(/<!-- (\S+) -->\n```\w+\n([\s\S]*?)```/g)];
  expect(examples.map(([, file]) => file)).toEqual([
    'test/examples/machine.test.ts',
    'test/examples/pipeline/clicks.yaml',
    'test/examples/pipeline.test.ts',
  ]);
  for (const [, file = '', example] of examples) expect(example).toBe(readFileSync(file, 'utf8'));
});
