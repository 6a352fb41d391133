/**
 * Makes a damaged log readable again, on an operator's explicit word. Every whole frame stays. A frame that stands for the
 * lost events fills each gap, so all other offsets hold and no reader needs a rule for gaps. Before a file is replaced, it
 * is kept whole as `.removed`.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { bodyOf, frameBuffers, frameBytes, isBodyIntact, readHeader, SEGMENT_FOOTER, SEGMENT_HEADER } from './frame.ts';
import type { Fs } from './fs.ts';
import { replaceFile } from './replace-file.ts';
import { segmentName } from './segment.ts';
import { removeIndex } from './segment-index.ts';

/** The events of a log from one offset to another, exclusive. */
export interface LostRange {
  readonly offset: number;
  readonly toOffset: number;
}

/** A frame that stands for lost events. */
export type LossFrame = (lost: LostRange) => { readonly kind: number; readonly parts: readonly Uint8Array[] };

export interface RepairedSegment {
  readonly bytes: Buffer;
  readonly lost: readonly LostRange[];
}

interface WholeFrame {
  readonly kind: number;
  readonly offset: number;
  readonly count: number;
  readonly body: Uint8Array;
}

export interface SegmentRange {
  readonly base: number;
  /** Where the next segment begins; null for the last one, which stays open. */
  readonly limit: number | null;
  /** The segment must have events up to this offset, whether they are lost or not. */
  readonly fillTo: number;
}

/** Builds a segment anew from the whole frames of the old one. `bytes` is empty for a missing segment. */
export function repairedSegment(
  bytes: Buffer,
  { base, limit, fillTo }: SegmentRange,
  salt: number,
  lossFrame: LossFrame,
): RepairedSegment {
  const parts: Uint8Array[] = [];
  const lost: LostRange[] = [];
  let durableBytes = 0;
  let next = base;
  const add = (kind: number, count: number, offset: number, body: readonly Uint8Array[]): void => {
    for (const buffer of frameBuffers({ kind, count, offset, durableBytes, salt, parts: body })) {
      parts.push(buffer);
      durableBytes += buffer.byteLength;
    }
  };
  const lose = (offset: number): void => {
    if (offset <= next) return;
    const range = { offset: next, toOffset: offset };
    const { kind, parts: body } = lossFrame(range);
    add(kind, offset - next, next, body);
    lost.push(range);
    next = offset;
  };
  add(SEGMENT_HEADER, 0, base, []);
  for (const { kind, offset, count, body } of wholeFrames(bytes)) {
    if (count === 0 || offset < next || offset + count > (limit ?? Number.POSITIVE_INFINITY)) continue;
    lose(offset);
    add(kind, count, offset, [body]);
    next = offset + count;
  }
  lose(fillTo);
  if (limit !== null) {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    const seal = { firstOffset: base, nextOffset: next, sha256: hash.digest('hex') };
    add(SEGMENT_FOOTER, 0, next, [Buffer.from(JSON.stringify(seal))]);
  }
  return { bytes: Buffer.concat(parts), lost };
}

/** Finds whole frames anywhere in the bytes, leaving out those with another segment's salt. */
function* wholeFrames(bytes: Buffer): Generator<WholeFrame> {
  let salt: number | null = null;
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at);
    if (header === null || (salt !== null && header.salt !== salt) || !isBodyIntact(bytes, at, header)) {
      at += 8;
      continue;
    }
    salt ??= header.salt;
    const { kind, offset, count } = header;
    if (kind !== SEGMENT_HEADER && kind !== SEGMENT_FOOTER)
      yield { kind, offset, count, body: bodyOf(bytes, at, header) };
    at += frameBytes(header);
  }
}

/** Replaces the old bytes, after making a copy of them durable. Returns the copy's path; null when there were none. */
export async function replaceSegment(
  fs: Fs,
  directory: string,
  base: number,
  old: Buffer,
  bytes: Buffer,
): Promise<string | null> {
  const name = segmentName(base);
  let savedAs: string | null = null;
  if (old.length > 0) {
    savedAs = `${name}.removed`;
    await replaceFile(fs, directory, savedAs, [old]);
  }
  await replaceFile(fs, directory, name, [bytes]);
  await removeIndex(fs, join(directory, name));
  return savedAs === null ? null : join(directory, savedAs);
}

/** Renames a file that says nothing any more, so that nobody reads it. Returns its new path. */
export async function setAside(fs: Fs, directory: string, name: string): Promise<string> {
  await fs.rename(join(directory, name), join(directory, `${name}.removed`));
  await fs.syncDirectory(directory);
  return join(directory, `${name}.removed`);
}
