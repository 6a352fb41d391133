/** Some rows of a block as a block of their own, with the very bytes that they had. */
import { lengthPrefix } from './block.ts';
import type { RowPlaces } from './columns.ts';

const COPIED_BY_CALL = 96;

/** An Avro array of these rows, in their order. Copies rows that lie side by side in one go. */
export function takeRows({ bytes, starts, ends }: RowPlaces, rows: Uint32Array): Buffer {
  const prefix = lengthPrefix(rows.length);
  let size = prefix.length + 1;
  for (const row of rows) size += ends[row]! - starts[row]!;
  const taken = Buffer.allocUnsafeSlow(size);
  taken.set(prefix);
  let at = prefix.length;
  for (let i = 0; i < rows.length; ) {
    const start = starts[rows[i]!]!;
    let end = ends[rows[i]!]!;
    for (i += 1; i < rows.length && starts[rows[i]!] === end; i++) end = ends[rows[i]!]!;
    // Most are too short for a call out of JavaScript.
    if (end - start > COPIED_BY_CALL) at += bytes.copy(taken, at, start, end);
    else for (let from = start; from < end; from++) taken[at++] = bytes[from]!;
  }
  taken[at] = 0;
  return taken;
}
