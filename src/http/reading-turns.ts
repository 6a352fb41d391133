/**
 * Bounds how much of request bodies is read in one turn of the event loop, over all connections. Without a bound each
 * connection gives all that its socket holds, megabytes from a fast client, and every other request waits.
 */
import type { IncomingMessage } from 'node:http';

export interface ReadingTurns {
  /** Told of each chunk of a body. Past the share of a turn the body pauses until its next one. */
  took(body: IncomingMessage, bytes: number): void;
}

const TURN_BYTES = 1024 * 1024;
/** A chunk counts as so many at least: a client may send each byte as one. */
const CHUNK_BYTES_MIN = 256;
/** Bodies that go on in a turn: each gives a chunk at least. */
const BODIES_A_TURN = 16;

export function createReadingTurns(): ReadingTurns {
  const waiting: IncomingMessage[] = [];
  let turnBytes = 0;
  let isScheduled = false;

  function next(): void {
    isScheduled = false;
    turnBytes = 0;
    for (const body of waiting.splice(0, BODIES_A_TURN)) {
      if (body.destroyed) continue;
      body.socket.resume();
      body.resume();
    }
    schedule();
  }
  function schedule(): void {
    if (isScheduled || (waiting.length === 0 && turnBytes === 0)) return;
    isScheduled = true;
    setImmediate(next);
  }

  return {
    took(body, bytes) {
      turnBytes += Math.max(bytes, CHUNK_BYTES_MIN);
      if (turnBytes > TURN_BYTES) {
        body.pause();
        // The message alone would go on to take in what its socket has, up to thousands of small chunks.
        body.socket.pause();
        waiting.push(body);
      }
      schedule();
    },
  };
}
