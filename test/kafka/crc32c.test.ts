/** Beside the examples of RFC 3720 B.4, and kafkajs's own, a byte at a time. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '../../src/kafka/crc32c.ts';

const theirs = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C');
const rising = Uint8Array.from({ length: 32 }, (_, i) => i);

test.each([
  ['zeros', new Uint8Array(32), 0x8a9136aa],
  ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['rising bytes', rising, 0x46dd794e],
  ['falling bytes', rising.toReversed(), 0x113fdb5c],
])('the checksum of 32 bytes of %s is that of the RFC', (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('it is that of kafkajs for bytes of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32c(bytes)).toBe(theirs(bytes));
    }),
  );
});
