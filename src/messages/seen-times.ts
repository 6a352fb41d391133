/**
 * The times up to which a log came between the events of a block: Avro longs, one an event, each the difference to the one
 * before. 0 says that it came no further; so the times rise.
 */

/** Of an event after which the log came no further. */
const NO_FURTHER = Number.NaN;

/** `timesMs` has NaN where the log came no further; empty when it has nothing else. */
export function encodeSeen(timesMs: Float64Array): Buffer {
  let last = timesMs.length - 1;
  while (last >= 0 && Number.isNaN(timesMs[last]!)) last -= 1;
  if (last < 0) return NOTHING;
  const bytes: number[] = [];
  let before = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const timeMs = timesMs[i]!;
    if (Number.isNaN(timeMs)) bytes.push(0);
    else {
      pushLong(bytes, timeMs - before);
      before = timeMs;
    }
  }
  return Buffer.from(bytes);
}

const NOTHING = Buffer.alloc(0);

/** Null when none is said. Throws when there are fewer than `count`. */
export function decodeSeen(bytes: Uint8Array, count: number): Float64Array | null {
  if (bytes.length === 0) return null;
  const timesMs = new Float64Array(count).fill(NO_FURTHER);
  let at = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    let scale = 1;
    let zigzag = 0;
    let byte = 0;
    do {
      if (at >= bytes.length) throw new Error(`Times of ${count} events end after ${i}`);
      byte = bytes[at++]!;
      zigzag += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    if (zigzag === 0) continue;
    before += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    timesMs[i] = before;
  }
  return timesMs;
}

function pushLong(bytes: number[], value: number): void {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}
