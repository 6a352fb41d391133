import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { transactionType } from '../../src/fraud/types.ts';
import { type Commit, decodeCommit, encodeCommit, type Section } from '../../src/messages/commit.ts';

const section: fc.Arbitrary<Section> = fc.record({
  fingerprint: fc.stringMatching(/^[0-9a-f]{16}$/),
  role: fc.constantFrom('input', 'derived'),
  count: fc.nat(),
  bytes: fc.uint8Array({ maxLength: 200 }),
});
const safeLong = fc.integer({ min: Number.MIN_SAFE_INTEGER + 1, max: Number.MAX_SAFE_INTEGER - 1 });
const commit: fc.Arbitrary<Commit> = fc.record({
  stream: fc.string(),
  partition: fc.nat(),
  source: fc.string({ unit: 'grapheme' }),
  next: safeLong,
  committedAt: safeLong,
  sections: fc.array(section, { maxLength: 8 }),
});

const bodyOf = (value: Commit): Buffer => Buffer.concat(encodeCommit(value).parts);
/** Section bytes come back as views of whatever kind of array the body is. */
const plain = (value: Commit): Commit => ({
  ...value,
  sections: value.sections.map((one) => ({ ...one, bytes: new Uint8Array(one.bytes) })),
});

test('a commit is decoded as it was encoded, wherever its body lies in memory', () => {
  fc.assert(
    fc.property(commit, fc.nat({ max: 9 }), (value, shift) => {
      const padded = Buffer.concat([Buffer.alloc(shift, 0xaa), bodyOf(value), Buffer.alloc(3, 0xbb)]);
      const body = new Uint8Array(padded.buffer, padded.byteOffset + shift, padded.length - shift - 3);
      expect(plain(decodeCommit(body))).toEqual(plain(value));
    }),
  );
});

test('the count of a commit is the number of events of all its sections', () => {
  fc.assert(
    fc.property(commit, (value) => {
      const { count } = encodeCommit(value);
      expect(count).toBe(value.sections.reduce((sum, { count: events }) => sum + events, 0));
    }),
  );
});

describe('a body that is not whole', () => {
  const events = [{ transactionId: 1, customerId: 2, terminalId: 3, amountCents: 4, occurredAt: 5 }];
  const body = bodyOf({
    stream: 'payments.transactions',
    partition: 0,
    source: 'generator',
    next: 1,
    committedAt: 1_522_540_831_000,
    sections: [{ ...transactionType.encodeBlock(events), role: 'input' }],
  });

  test('is refused at whichever byte it is cut', () => {
    expect(decodeCommit(body).sections).toHaveLength(1);
    for (let end = 0; end < body.length; end++) expect(() => decodeCommit(body.subarray(0, end))).toThrow();
  });

  test('is refused with bytes behind its last section', () => {
    expect(() => decodeCommit(Buffer.concat([body, Buffer.alloc(1)]))).toThrow(/names sections up to byte/);
  });
});
