/** The hash of a consumed beginning against that of the same bytes taken at once, however they come. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPrefixHash } from '../../src/sources/prefix-hash.ts';
import { readBeginnings } from '../../src/workers/read-beginnings.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const chunks = fc.array(fc.uint8Array({ maxLength: 40 }).map(Buffer.from), { maxLength: 8 });

test('is of the bytes before the last place that was reached', () => {
  fc.assert(
    fc.property(chunks, fc.array(fc.nat({ max: 40 })), fc.constantFrom(0, 50, 1000), (parts, backs, kept) => {
      const prefix = createPrefixHash(kept);
      const whole = Buffer.concat(parts);
      let added = 0;
      for (const [i, part] of parts.entries()) {
        prefix.add(part);
        added += part.length;
        prefix.reach(Math.max(0, added - (backs[i] ?? 0)));
        const { bytes, sha256: hash } = prefix.prefix();
        expect(hash).toBe(sha256(whole.subarray(0, bytes)));
        expect(bytes).toBeLessThanOrEqual(added);
        if ((backs[i] ?? 0) === 0) expect(bytes).toBe(added);
      }
    }),
  );
});

test('a content is asked for its beginnings, and for the byte behind each', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, fc.uniqueArray(fc.integer({ min: 1, max: 200 })), async (parts, lengths) => {
      const whole = Buffer.concat(parts);
      async function* content() {
        yield* parts;
      }
      lengths.sort((a, b) => a - b);
      const found = await readBeginnings(content(), lengths);
      for (const length of lengths) {
        const expected =
          length > whole.length
            ? undefined
            : { sha256: sha256(whole.subarray(0, length)), nextByte: whole[length] ?? null };
        expect(found.get(length)).toEqual(expected);
      }
    }),
  );
});
