/**
 * How much memory the frames of a Zstandard stream ask for (RFC 8878, 3.1.1). The decoder allocates the window that a
 * frame's header names, up to 2 GB, before it has read a block; so it is asked here first.
 */

const MAGIC = 0xfd2fb528;
/** 16 magic numbers of frames that are skipped. */
const SKIPPABLE = 0x184d2a5;

/**
 * The largest content that a frame says it has, of those that are to be in memory as a whole. Throws when another frame
 * asks for a window of more than `windowMax`, and when the frames are cut off or are none.
 */
export function largestWholeFrame(bytes: Buffer, windowMax: number): number {
  let largest = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 8) throw new Error('the zstd stream is cut off');
    const magic = bytes.readUInt32LE(at);
    if (magic >>> 4 === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) throw new Error('the body does not go on as a zstd frame begins');
    const frame = frameHeader(bytes, at + 4);
    if (frame.isWhole) largest = Math.max(largest, frame.window);
    else if (frame.window > windowMax) {
      throw new Error(
        `it needs a window of ${frame.window} bytes, and at most ${windowMax} are given (zstd --long=24)`,
      );
    }
    at = endOfBlocks(bytes, frame.end) + (frame.hasChecksum ? 4 : 0);
    if (at > bytes.length) throw new Error('the zstd stream is cut off');
  }
  return largest;
}

interface FrameHeader {
  readonly window: number;
  /** One segment: the window is all of its content. */
  readonly isWhole: boolean;
  readonly hasChecksum: boolean;
  readonly end: number;
}

function frameHeader(bytes: Buffer, at: number): FrameHeader {
  const descriptor = bytes[at] ?? 0;
  const isWhole = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? Number(isWhole) : 1 << sizeFlag;
  const sizeAt = at + 1 + Number(!isWhole) + dictionaryBytes;
  const end = sizeAt + sizeBytes;
  if (end > bytes.length) throw new Error('the zstd stream is cut off');
  const hasChecksum = (descriptor & 4) !== 0;
  return {
    window: isWhole ? contentSize(bytes, sizeAt, sizeBytes) : windowOf(bytes[at + 1] ?? 0),
    isWhole,
    hasChecksum,
    end,
  };
}

function contentSize(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

const RLE = 1;

/** Behind the last block of a frame. */
function endOfBlocks(bytes: Buffer, start: number): number {
  for (let at = start; at + 3 <= bytes.length; ) {
    const header = bytes.readUIntLE(at, 3);
    at += 3 + (((header >> 1) & 3) === RLE ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  throw new Error('the zstd stream is cut off');
}
