/** Zstandard data that libzstd has packed, and data that lies. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Damage } from '../../src/messages/avro-cursor.ts';
import { unpackZstandard } from '../../src/messages/zstandard.ts';
import { fixture } from './container-fixture.ts';

interface Sample {
  readonly packed: string;
  readonly length: number;
  readonly sha256: string;
}

const samples: readonly Sample[] = JSON.parse(fixture('zstandard.json').toString('utf8'));
const MAX = 1024 * 1024;

test('what libzstd packed, at any level and in frames of any kind, is unpacked as it was', () => {
  for (const { packed, length, sha256 } of samples) {
    const unpacked = unpackZstandard(Buffer.from(packed, 'base64'), MAX);
    expect(unpacked.length).toBe(length);
    expect(createHash('sha256').update(unpacked).digest('hex')).toBe(sha256);
  }
});

test('what comes to more than it may is refused, and what comes to just as much is not', () => {
  for (const { packed, length } of samples) {
    const bytes = Buffer.from(packed, 'base64');
    expect(unpackZstandard(bytes, length)).toHaveLength(length);
    if (length > 0) expect(() => unpackZstandard(bytes, length - 1)).toThrow(/more than the/);
  }
});

test('18 bytes that stand for 6 GB of copies are refused at once', () => {
  // 98,047 sequences of the longest match, for which the decoder needs no bit of the stream.
  const bytes = Buffer.from('28b52ffd00584d000000ffffff5400003401', 'hex');
  const start = process.cpuUsage();
  expect(() => unpackZstandard(bytes, MAX)).toThrow(Damage);
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
});

test('a window of 2 GB, a dictionary, and what is no frame are refused', () => {
  for (const hex of [
    '28b52ffd00f8',
    '28b52ffd0158deadbe',
    '28b52ffd',
    '00',
    '28b52ffd2000ffffff',
    '502a4d18ffffffff',
  ]) {
    expect(() => unpackZstandard(Buffer.from(hex, 'hex'), MAX)).toThrow(Damage);
  }
  expect(unpackZstandard(Buffer.alloc(0), MAX)).toHaveLength(0);
});

test('damage of any byte, or a cut anywhere, is bytes or is refused, in a time that its length bounds', () => {
  const bytes = fc.constantFrom(
    ...samples.map(({ packed }) => Buffer.from(packed, 'base64')).filter((own) => own.length > 0),
  );
  const flips = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(bytes, flips, fc.option(fc.nat()), (whole, changes, end) => {
      const wrong = Buffer.from(whole);
      for (const { at, byte } of changes) wrong[at % wrong.length] = byte;
      const start = process.cpuUsage();
      try {
        const cut = end === null ? wrong : wrong.subarray(0, end % wrong.length);
        expect(unpackZstandard(cut, MAX).length).toBeLessThanOrEqual(MAX);
      } catch (error) {
        expect(error).toBeInstanceOf(Damage);
      }
      expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
    }),
    { numRuns: 3000 },
  );
});
