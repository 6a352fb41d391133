/**
 * The memory of request bodies, over all requests: what has been received and is not yet answered. When it is used up, the
 * bodies that come slowest make room for those that are sent at once; so a few clients that hold back the last byte of a
 * large body keep nobody out.
 */

/** A body that is being received. */
export interface Receiving {
  readonly sinceMs: number;
  bytes(): number;
  /** Gives up the body, and what is held of it. */
  cancel(): void;
}

export interface BodyBudget {
  bytesHeld(): number;
  /** Whether so many more would have room. */
  hasRoom(bytes: number): boolean;
  /** False when there is no room for so many more. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** The body may be given up for others, until the returned function is called. */
  receiving(body: Receiving): () => void;
}

/** A body that has come for so long, and slower than this, is slow. */
const SLOW_AFTER_MS = 2_000;
const SLOW_BYTES_A_SECOND = 256 * 1024;

export function createBodyBudget(bytesMax: number, nowMs: () => number = () => performance.now()): BodyBudget {
  const bodies = new Set<Receiving>();
  let held = 0;

  function makeRoom(bytes: number): boolean {
    if (held + bytes <= bytesMax) return true;
    const now = nowMs();
    const rate = (body: Receiving): number => (body.bytes() * 1000) / (now - body.sinceMs);
    const slow = [...bodies].filter((body) => now - body.sinceMs > SLOW_AFTER_MS && rate(body) < SLOW_BYTES_A_SECOND);
    for (const body of slow.toSorted((a, b) => rate(a) - rate(b))) {
      body.cancel();
      if (held + bytes <= bytesMax) return true;
    }
    return false;
  }

  return {
    bytesHeld: () => held,
    hasRoom: makeRoom,
    hold(bytes) {
      if (!makeRoom(bytes)) return false;
      held += bytes;
      return true;
    },
    release(bytes) {
      held -= bytes;
    },
    receiving(body) {
      bodies.add(body);
      return () => void bodies.delete(body);
    },
  };
}
