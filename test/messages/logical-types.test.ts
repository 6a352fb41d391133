/** The arithmetic of conversions, held against whole numbers of any size. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bytesOfUnscaled,
  convertedTicks,
  decimalConverter,
  unscaledOf,
  uuidBytes,
  uuidText,
} from '../../src/messages/logical-types.ts';

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const SAFE = 2n ** 53n - 1n;

function floorDivided(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

test('ticks of any 64-bit time are floored to the coarser unit, and are exact in the finer one or beyond what is exact', () => {
  fc.assert(
    fc.property(long, fc.constantFrom(1000n, 1_000_000n), (value, factor) => {
      const high = Number(BigInt.asIntN(32, value >> 32n));
      const low = Number(BigInt.asUintN(32, value));
      const coarser = floorDivided(value, factor);
      const found = convertedTicks(high, low, 1, Number(factor));
      if (coarser <= SAFE && coarser >= -SAFE) expect(BigInt(found)).toBe(coarser);
      else expect(Math.abs(found)).toBeGreaterThan(Number(SAFE) - 1);
      const finer = value * factor;
      const exact = convertedTicks(high, low, Number(factor), 1);
      if (finer <= SAFE && finer >= -SAFE) expect(BigInt(exact)).toBe(finer);
      else expect(Math.abs(exact)).toBeGreaterThan(Number(SAFE));
    }),
    { numRuns: 2000 },
  );
});

test('a decimal is the same number in another scale, or none', () => {
  const scale = fc.nat(20);
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      scale,
      scale,
      fc.nat(38),
      (value, from, to, digits) => {
        const precision = Math.max(1, digits, to);
        const found = decimalConverter({ kind: 'decimal', fromScale: from, scale: to, precision })(value);
        // value / 10^from === found / 10^to, with no division.
        const fits = (value * 10n ** BigInt(to)) % 10n ** BigInt(from) === 0n;
        const expected = (value * 10n ** BigInt(to)) / 10n ** BigInt(from);
        const isWithin = expected < 10n ** BigInt(precision) && expected > -(10n ** BigInt(precision));
        expect(found).toBe(fits && isWithin ? expected : null);
      },
    ),
  );
});

test('bytes of a whole number are two of its complement, as few as hold it or as many as there are', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.integer({ min: 1, max: 12 }), (value, size) => {
      const least = bytesOfUnscaled(value, null);
      expect(least === null ? null : unscaledOf(least)).toBe(value);
      const bits = 8n * BigInt(least?.length ?? 0) - 8n;
      if (bits > 0n) expect(BigInt.asIntN(Number(bits), value)).not.toBe(value);
      const fixed = bytesOfUnscaled(value, size);
      if (BigInt.asIntN(8 * size, value) === value) expect(fixed === null ? null : unscaledOf(fixed)).toBe(value);
      else expect(fixed).toBeNull();
    }),
  );
});

test('a UUID is the same as text and as bytes', () => {
  fc.assert(
    fc.property(fc.uuid(), (text) => {
      expect(uuidText(uuidBytes(text) ?? Buffer.alloc(16))).toBe(text);
    }),
  );
  for (const text of ['', 'x', '123e4567e89b12d3a456426614174000', '{123e4567-e89b-12d3-a456-426614174000}']) {
    expect(uuidBytes(text)).toBeNull();
  }
});
