/**
 * Segments: how a log's files are named, and what is found in the last one when a log is opened.
 *
 * The rule that tells a torn tail from rot: P is the first byte that is not a valid frame. If any valid frame, before
 * or after P, was written when more than P bytes were durable, or a witness elsewhere has seen an offset beyond the one
 * expected at P, then acknowledged data is gone: CORRUPT. Otherwise the rest never was acknowledged: CLEAN when it is
 * all zeros, TORN when it is not.
 */
import { bodyOf, frameBytes, isBodyIntact, readHeader, SEGMENT_FOOTER, SEGMENT_HEADER } from './frame.ts';

/** A segment is read whole when a log is opened, and Node reads no more than 2 GiB at once. */
export const MAX_SEGMENT_BYTES = 1024 ** 3;
const SUFFIX = '.log';
const DIGITS = 20;

export function segmentName(baseOffset: number): string {
  return String(baseOffset).padStart(DIGITS, '0') + SUFFIX;
}

/** Base offsets of the segments among the files of a log's directory, ascending, with those that are away. */
export function segmentBases(names: readonly string[]): number[] {
  const bases = names
    .filter((name) => /^[0-9]{20}\.(?:log|away)$/.test(name))
    .map((name) => Number(name.slice(0, DIGITS)))
    .filter((base) => Number.isSafeInteger(base));
  return [...new Set(bases)].sort((a, b) => a - b);
}

export interface SegmentScan {
  /** Null when not even the first frame is there. */
  readonly salt: number | null;
  /** Bytes of valid frames from the start: P. */
  readonly validBytes: number;
  /** Bytes that a frame says were synced when it was written. */
  readonly durableBytes: number;
  /** Offset expected at P. */
  readonly nextOffset: number;
  readonly sealed: boolean;
  readonly tail: 'none' | 'clean' | 'torn' | 'corrupt';
  /** One past the last event that is known to have been written, by whatever tells: at least `nextOffset`. */
  readonly knownOffset: number;
}

/** Reads a segment whole. `witnessOffset` is the largest next offset known elsewhere. */
export function scanSegment(bytes: Buffer, baseOffset: number, witnessOffset: number): SegmentScan {
  const first = readHeader(bytes, 0);
  let at = 0;
  let nextOffset = baseOffset;
  let durableBytes = 0;
  let sealed = false;
  let salt: number | null = null;
  if (first !== null && first.kind === SEGMENT_HEADER && first.offset === baseOffset && isBodyIntact(bytes, 0, first)) {
    salt = first.salt;
    at = frameBytes(first);
    for (;;) {
      const header = readHeader(bytes, at);
      const fits = header !== null && header.salt === salt && header.offset === nextOffset && !sealed;
      if (!fits || !isBodyIntact(bytes, at, header)) break;
      durableBytes = Math.max(durableBytes, header.durableBytes);
      nextOffset += header.count;
      sealed = header.kind === SEGMENT_FOOTER;
      at += frameBytes(header);
    }
  }
  const after = survivorsAfter(bytes, at, salt);
  const knownOffset = Math.max(nextOffset, witnessOffset, after.endOffset);
  const vouchedBytes = Math.max(durableBytes, after.durableBytes);
  const scan = { salt, validBytes: at, durableBytes: vouchedBytes, nextOffset, sealed, knownOffset };
  if (vouchedBytes > at || witnessOffset > nextOffset) return { ...scan, tail: 'corrupt' };
  if (at === bytes.length) return { ...scan, tail: 'none' };
  return { ...scan, tail: isZero(bytes, at) ? 'clean' : 'torn' };
}

/**
 * What the headers behind the damage say. Frames start at multiples of 8, so one that survived is found without knowing
 * lengths. Its header is enough: it has a checksum of its own, and a body that is torn takes nothing back.
 */
function survivorsAfter(bytes: Buffer, from: number, salt: number | null): { durableBytes: number; endOffset: number } {
  let durableBytes = 0;
  let endOffset = 0;
  for (let at = (from + 7) & ~7; at < bytes.length; at += 8) {
    const header = readHeader(bytes, at);
    if (header === null || (salt !== null && header.salt !== salt)) continue;
    durableBytes = Math.max(durableBytes, header.durableBytes);
    endOffset = Math.max(endOffset, header.offset + header.count);
  }
  return { durableBytes, endOffset };
}

function isZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** What a footer says. */
export interface SegmentSeal {
  readonly firstOffset: number;
  readonly nextOffset: number;
  /** Of every byte before the footer. Hexadecimal. */
  readonly sha256: string;
}

/** Bytes at the end of a sealed segment among which its footer is found whole. */
export const FOOTER_SEARCH_BYTES = 512;

/** The footer that ends a sealed segment, from the segment's last bytes; null when they do not end in one. */
export function readSeal(end: Buffer): SegmentSeal | null {
  for (let at = end.length % 8; at < end.length; at += 8) {
    const header = readHeader(end, at);
    if (header === null || header.kind !== SEGMENT_FOOTER || !isBodyIntact(end, at, header)) continue;
    if (at + frameBytes(header) === end.length) return parseSeal(bodyOf(end, at, header));
  }
  return null;
}

/** Length of the footer that a sealed segment ends in, from the segment's last bytes; 0 when they do not end in a frame. */
export function footerBytes(end: Buffer): number {
  for (let at = end.length % 8; at < end.length; at += 8) {
    const header = readHeader(end, at);
    if (header !== null && at + frameBytes(header) === end.length) return end.length - at;
  }
  return 0;
}

function parseSeal(body: Buffer): SegmentSeal | null {
  const seal: unknown = JSON.parse(body.toString('utf8'));
  if (typeof seal !== 'object' || seal === null) return null;
  if (!('firstOffset' in seal && 'nextOffset' in seal && 'sha256' in seal)) return null;
  return {
    firstOffset: Number(seal.firstOffset),
    nextOffset: Number(seal.nextOffset),
    sha256: String(seal.sha256),
  };
}
