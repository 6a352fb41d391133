/** LZ4 frames that the reference implementation wrote (python-lz4 4.4, on liblz4 1.9), and frames that are none. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Damage } from '../../src/messages/avro-cursor.ts';
import { unpackLz4 } from '../../src/messages/lz4.ts';

const LINE = `{"customerId":17,"amountCents":${'1234567890'.repeat(30)}}\n`;
/** Independent blocks, with the size of the content. */
const INDEPENDENT =
  'BCJNGGhACDQAAAAAAADtbQAAAP8aeyJjdXN0b21lcklkIjoxNywiYW1vdW50Q2VudHMiOjEyMzQ1Njc4OTAKAP8QL30KTQH//////////////////////////////////////////////////////////////////9VQODkwfQoAAAAA';
/** Linked blocks, with a checksum of each and of the content. */
const WITH_CHECKSUMS =
  'BCJNGHRAvW0AAAD/GnsiY3VzdG9tZXJJZCI6MTcsImFtb3VudENlbnRzIjoxMjM0NTY3ODkwCgD/EC99Ck0B///////////////////////////////////////////////////////////////////VUDg5MH0Kq+b5ewAAAABk9tG3';
const linked = readFileSync(new URL('../fixtures/kafka/linked-blocks.lz4', import.meta.url));
const numbers = Array.from({ length: 4000 }, (_, i) => `${i},`)
  .join('')
  .repeat(5);

describe('an LZ4 frame', () => {
  it.each([INDEPENDENT, WITH_CHECKSUMS])('has what was packed, with and without checksums', (frame) => {
    expect(unpackLz4(Buffer.from(frame, 'base64'), 1 << 20).toString()).toBe(LINE.repeat(40));
  });

  it('may have blocks that copy from the blocks before', () => {
    expect(unpackLz4(linked, 1 << 20).toString()).toBe(numbers);
  });

  it('may be followed by another one', () => {
    const both = Buffer.concat([linked, Buffer.from(INDEPENDENT, 'base64')]);
    expect(unpackLz4(both, 1 << 20).toString()).toBe(numbers + LINE.repeat(40));
  });

  it('is refused when it unpacks to more than its bound, and taken at its bound', () => {
    expect(unpackLz4(linked, numbers.length).length).toBe(numbers.length);
    expect(() => unpackLz4(linked, numbers.length - 1)).toThrow(/more than/);
  });

  it('that is cut anywhere is damaged', () => {
    for (let end = 0; end < linked.length - 8; end += 97) {
      expect(() => unpackLz4(linked.subarray(0, end), 1 << 20)).toThrow(Damage);
    }
  });

  it('with any byte changed ends in order, within its bound', () => {
    const frame = Buffer.from(INDEPENDENT, 'base64');
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(frame);
        changed[at] = byte;
        try {
          expect(unpackLz4(changed, 100_000).length).toBeLessThanOrEqual(100_000);
        } catch (error) {
          expect(error).toBeInstanceOf(Damage);
        }
      }),
      { numRuns: 300 },
    );
  });
});
