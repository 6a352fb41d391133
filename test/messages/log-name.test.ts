import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLogName, logName, logNamesOf, logPlace } from '../../src/messages/log-name.ts';

test('what a name is made of is found in it again, whatever dashes and digits the stream has', () => {
  const stream = fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}$/);
  fc.assert(
    fc.property(stream, fc.nat(9999), (name, partition) => {
      expect(logPlace(logName(name, partition))).toEqual({ stream: name, partition });
      expect(isLogName(logName(name, partition))).toBe(true);
    }),
  );
});

test('a stream has a log a partition', () => {
  expect(logNamesOf('pay.card-events', 3)).toEqual(['pay.card-events-0', 'pay.card-events-1', 'pay.card-events-2']);
});

test.each(['s', 's-', '-1', 's-x', 's-01', 's-1.5', 's--', ''])('%j is the log of no partition', (name) => {
  expect(logPlace(name)).toBeNull();
});

test.each(['../p', '', '.', 'a/b', '.hidden', 'a\0b', 'x'.repeat(201)])('%j names no log', (name) => {
  expect(isLogName(name)).toBe(false);
});
