import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/keys/units.ts';

test.each([
  ['500ms', 500],
  ['3s', 3_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['1.5s', 1_500],
  ['0s', 0],
])('%s is %d milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', 's', '-5s', '5 weeks', '5S', '0.5ms', '1e3s', '5s5s', '99999999999999d', '5constructor', '٣s'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);

test('a megabyte is 2^20 bytes', () => {
  expect(parseSize('64MB')).toBe(67_108_864);
  expect(parseSize('1KB')).toBe(1024);
  expect(parseSize('7B')).toBe(7);
  expect(parseSize('64')).toBeNull();
  expect(parseSize('64mb')).toBe(64 * 2 ** 20);
});

test('what is formatted parses to the same number', () => {
  const whole = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.nat(400).map((days) => days * 86_400_000),
  );
  fc.assert(fc.property(whole, (value) => parseDuration(formatDuration(value)) === value));
  fc.assert(fc.property(whole, (value) => parseSize(formatSize(value)) === value));
});

test('a round number is formatted in its largest unit', () => {
  expect([formatDuration(90_000), formatDuration(3_600_000), formatDuration(1500)]).toEqual(['90s', '1h', '1500ms']);
});
