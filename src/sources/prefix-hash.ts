/** The hash of the consumed beginning of a file: it identifies a file that has grown, or has another name. */
import { createHash, type Hash } from 'node:crypto';

export interface ConsumedPrefix {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

export interface PrefixHash {
  /** The next bytes of the content. They are kept, and not changed, until the prefix has gone past them. */
  add(bytes: Buffer): void;
  /** Everything before this byte is consumed. The prefix stays where it is when bytes on the way are kept no more. */
  reach(byte: number): void;
  prefix(): ConsumedPrefix;
}

/** `keptBytesMax`: more than what lies between two places that are consumed, other than one that is never held. */
export function createPrefixHash(keptBytesMax: number): PrefixHash {
  let consumed = createHash('sha256');
  let consumedBytes = 0;
  /** Of everything up to the first byte that is kept. The prefix's own, unless bytes behind it had to go. */
  let hash: Hash = consumed;
  let keptFrom = 0;
  const kept: Buffer[] = [];
  let keptBytes = 0;

  function take(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const [first] = kept;
      if (first === undefined) return;
      const part = first.subarray(0, left);
      hash.update(part);
      if (part.length === first.length) kept.shift();
      else kept[0] = first.subarray(part.length);
      left -= part.length;
      keptBytes -= part.length;
      keptFrom += part.length;
    }
  }

  return {
    add(bytes) {
      if (keptBytes + bytes.length > keptBytesMax) {
        if (hash === consumed) hash = consumed.copy();
        take(keptBytes);
      }
      kept.push(bytes);
      keptBytes += bytes.length;
    },
    reach(byte) {
      if (byte <= consumedBytes || byte < keptFrom) return;
      take(byte - keptFrom);
      consumed = hash;
      consumedBytes = keptFrom;
    },
    prefix: () => ({ bytes: consumedBytes, sha256: consumed.copy().digest('hex') }),
  };
}
