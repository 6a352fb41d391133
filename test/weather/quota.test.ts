import { expect, test } from 'vitest';
import { quotaWaitMs } from '../../src/weather/quota.ts';

const now = Date.parse('2026-05-01T22:41:50Z');

// The reasons as Open-Meteo words them.
test.each([
  ['Minutely API request limit exceeded. Please try again in one minute.', '2026-05-01T22:42:00Z'],
  ['Hourly API request limit exceeded. Please try again in the next hour.', '2026-05-01T23:00:00Z'],
  ['Daily API request limit exceeded. Please try again tomorrow.', '2026-05-02T00:00:00Z'],
])('"%s" waits until the counter starts again on the UTC clock', (reason, until) => {
  expect(now + (quotaWaitMs(reason, now) ?? 0)).toBe(Date.parse(until));
});

test('a refusal that names no period asks for no wait', () => {
  expect(quotaWaitMs('Too many concurrent requests', now)).toBeNull();
});
