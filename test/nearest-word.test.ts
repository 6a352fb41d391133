import { expect, test } from 'vitest';
import { nearestWord } from '../src/nearest-word.ts';

test.each([
  ['strat', ['start', 'run', 'replay'], 'start'],
  ['replya', ['start', 'run', 'replay'], 'replay'],
  ['OUTOFORDERNESS', ['outOfOrderness', 'idleTimeout'], 'outOfOrderness'],
  ['xyzzy', ['start', 'run', 'replay'], undefined],
  ['k', ['j'], undefined],
  ['', ['a'], undefined],
])('for %j of %j, %s is meant', (word, known, expected) => {
  expect(nearestWord(word, known)).toBe(expected);
});
