/**
 * The parts of a body as they come. Small ones are copied together: a client may send each byte as a chunk of its own, and
 * an object for each would cost a hundred times what it holds.
 */
export interface BodyParts {
  add(chunk: Buffer): void;
  /** All of it, in memory of its own, which may move to another thread. */
  joined(): Buffer;
}

const SMALL_BYTES = 8 * 1024;
const SLAB_BYTES = 64 * 1024;

export function createBodyParts(): BodyParts {
  const parts: Buffer[] = [];
  let bytes = 0;
  let slab = Buffer.alloc(0);
  let filled = 0;
  const closeSlab = (): void => {
    if (filled > 0) parts.push(slab.subarray(0, filled));
    slab = slab.subarray(filled);
    filled = 0;
  };
  return {
    add(chunk) {
      bytes += chunk.length;
      if (chunk.length > SMALL_BYTES) {
        closeSlab();
        parts.push(chunk);
        return;
      }
      if (slab.length - filled < chunk.length) {
        closeSlab();
        slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      }
      chunk.copy(slab, filled);
      filled += chunk.length;
    },
    joined() {
      closeSlab();
      const whole = Buffer.allocUnsafeSlow(bytes);
      let at = 0;
      for (const part of parts) at += part.copy(whole, at);
      return whole;
    },
  };
}
