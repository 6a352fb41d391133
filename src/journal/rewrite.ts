/**
 * Writes segments of a log anew with other bodies: each frame keeps its offsets. The old file is gone with the new one in its
 * place, so this is for what must not stay. Before a crash or after it a segment is the old one or the new one. One that is kept
 * elsewhere is fetched; where it is written anew it is on this disk again, and gone from its place.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { awayName, isAway } from './away.ts';
import { JournalError } from './error.ts';
import { presentSegment } from './fetch-segment.ts';
import { bodyOf, frameBuffers, frameBytes, isBodyIntact, readHeader, SEGMENT_FOOTER, SEGMENT_HEADER } from './frame.ts';
import type { Fs } from './fs.ts';
import { replaceFile } from './replace-file.ts';
import { segmentBases, segmentName } from './segment.ts';
import { removeIndex } from './segment-index.ts';
import { forgetAway } from './tier.ts';

/** Gives another body for a frame, of as many events; null keeps the frame as it is. */
export type NewBody = (kind: number, offset: number, body: Buffer) => readonly Uint8Array[] | null;

/**
 * Resolves with how many segments were written anew. With `isDryRun` none is. Rejects with a JournalError of kind `corrupt` for
 * a damaged frame; a tail that was never acknowledged goes.
 */
export async function rewriteLog(
  fs: Fs,
  directory: string,
  log: string,
  newSalt: () => number,
  newBody: NewBody,
  isDryRun: boolean,
): Promise<number> {
  let rewritten = 0;
  const names = await fs.list(directory);
  const bases = segmentBases(names);
  for (const [i, base] of bases.entries()) {
    const name = segmentName(base);
    const old = await fs.read(
      isAway(names, base) ? await presentSegment(join(directory, name)) : join(directory, name),
    );
    const parts = segmentWith(old, log, join(directory, name), i === bases.length - 1, newSalt(), newBody);
    if (parts === null) continue;
    rewritten += 1;
    if (isDryRun) continue;
    // The index names places in the old file.
    await removeIndex(fs, join(directory, name));
    await replaceFile(fs, directory, name, parts);
    if (names.includes(awayName(base))) await forgetAway(fs, directory, base);
  }
  return rewritten;
}

/** The parts of the new segment; null where every body stays. */
function segmentWith(
  bytes: Buffer,
  log: string,
  file: string,
  isLast: boolean,
  salt: number,
  newBody: NewBody,
): readonly Uint8Array[] | null {
  const parts: Uint8Array[] = [];
  const hash = createHash('sha256');
  let durableBytes = 0;
  let isChanged = false;
  let at = 0;
  let firstOffset = 0;
  let next = 0;
  for (;;) {
    const header = readHeader(bytes, at);
    if (header === null || !isBodyIntact(bytes, at, header)) break;
    const { kind, count, offset } = header;
    const old = bodyOf(bytes, at, header);
    let body: readonly Uint8Array[] = [old];
    if (kind === SEGMENT_HEADER) firstOffset = offset;
    else if (kind === SEGMENT_FOOTER) {
      body = [Buffer.from(JSON.stringify({ firstOffset, nextOffset: offset, sha256: hash.copy().digest('hex') }))];
    } else {
      const other = newBody(kind, offset, old);
      if (other !== null) {
        body = other;
        isChanged = true;
      }
    }
    for (const part of frameBuffers({ kind, count, offset, durableBytes, salt, parts: body })) {
      parts.push(part);
      hash.update(part);
      durableBytes += part.byteLength;
    }
    at += frameBytes(header);
    next = offset + count;
  }
  if (at < bytes.length && !isLast) {
    throw new JournalError(
      { kind: 'corrupt', log, file, byte: at, offset: next, toOffset: next },
      `${file} is damaged at byte ${at}. See \`millrace journal verify\`.`,
    );
  }
  return isChanged ? parts : null;
}
