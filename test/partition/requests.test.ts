/** What a partition remembers of requests with keys, against a list of all that were ever taken. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestTaken } from '../../src/messages/streams.ts';
import { createRequests } from '../../src/partition/requests.ts';

const request = (key: string, takenAt: number, rows = 1): RequestTaken => ({
  key,
  digest: Buffer.from(key),
  takenAt,
  rows,
});

const LIMITS = { ageMs: 100, keys: 5 };
/** Time goes on, and now and then it is set back. */
const history = fc
  .array(fc.record({ key: fc.constantFrom(...'abcdefghij'), stepMs: fc.integer({ min: -20, max: 40 }) }))
  .map((steps) => {
    let nowMs = 1000;
    return steps.map(({ key, stepMs }, i) => {
      nowMs += stepMs;
      return request(key, nowMs, i);
    });
  });

test('a key is known with what it took last, or its time is not later than what may be forgotten', () => {
  fc.assert(
    fc.property(history, (taken) => {
      const requests = createRequests(LIMITS);
      const last = new Map<string, RequestTaken>();
      for (const one of taken) {
        requests.take(one);
        last.set(one.key, one);
      }
      for (const [key, one] of last) {
        const known = requests.known(key);
        if (known.taken === null) expect(one.takenAt).toBeLessThanOrEqual(known.forgottenUpTo);
        else expect(known.taken).toEqual(one);
      }
      expect(requests.known('never').taken).toBeNull();
    }),
  );
});

test('no more keys are kept than there may be, and a snapshot has all of it', () => {
  fc.assert(
    fc.property(history, fc.nat(), (taken, cut) => {
      const at = taken.length === 0 ? 0 : cut % taken.length;
      const whole = createRequests(LIMITS);
      const before = createRequests(LIMITS);
      for (const one of taken) whole.take(one);
      for (const one of taken.slice(0, at)) before.take(one);
      const restored = createRequests(LIMITS);
      restored.restore(before.snapshot());
      for (const one of taken.slice(at)) restored.take(one);
      expect(restored.snapshot()).toEqual(whole.snapshot());
      expect(whole.snapshot().requests.length).toBeLessThanOrEqual(LIMITS.keys);
    }),
  );
});

test('what is older than the age goes when the next comes', () => {
  const requests = createRequests(LIMITS);
  requests.take(request('a', 1000));
  requests.take(request('b', 1099));
  expect(requests.known('a').taken).not.toBeNull();
  requests.take(request('c', 1100));
  expect(requests.known('a')).toEqual({ taken: null, forgottenUpTo: 1000 });
  expect(requests.known('b').taken).not.toBeNull();
});
