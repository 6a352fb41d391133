/** Chance that a replay repeats: a number from 0 to 1 that depends on a text and on nothing else. */

/** Two 32-bit hashes in the manner of MurmurHash3, as the 53 bits of a fraction. */
export function randomOf(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return ((low >>> 0) * 0x20_0000 + ((high >>> 0) & 0x1f_ffff)) / 2 ** 53;
}
