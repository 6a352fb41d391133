/** The content of a simulated file: bytes that grow, with zeros where nothing was written. */
export interface GrowableBytes {
  readonly length: number;
  write(bytes: Uint8Array, position: number): void;
  truncate(length: number): void;
  replace(bytes: Uint8Array): void;
  /** Valid until the next change. */
  view(): Buffer;
}

export function growableBytes(): GrowableBytes {
  let buffer = Buffer.alloc(256);
  let length = 0;
  function reserve(wanted: number): void {
    if (wanted <= buffer.length) return;
    const grown = Buffer.alloc(Math.max(wanted, buffer.length * 2));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  }
  function setLength(wanted: number): void {
    reserve(wanted);
    if (wanted < length) buffer.fill(0, wanted, length);
    length = wanted;
  }
  return {
    get length() {
      return length;
    },
    write(bytes, position) {
      if (position + bytes.length > length) setLength(position + bytes.length);
      buffer.set(bytes, position);
    },
    truncate: setLength,
    replace(bytes) {
      setLength(0);
      setLength(bytes.length);
      buffer.set(bytes, 0);
    },
    view: () => buffer.subarray(0, length),
  };
}
