/**
 * CRC-32C (Castagnoli, RFC 3720 B.4), the checksum of Kafka's record batches; Node's zlib has the other CRC-32. Eight bytes
 * at a time by as many tables (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
 * Generation", IEEE Transactions on Computers 2008).
 */

/** The polynomial with its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;
/** Table k is of a byte that has k bytes behind it: all in one array, 256 after 256. */
const TABLE = table();

function table(): Int32Array {
  const all = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    all[byte] = crc;
  }
  for (let at = 256; at < all.length; at++) {
    const before = all[at - 256]!;
    all[at] = all[before & 0xff]! ^ (before >>> 8);
  }
  return all;
}

/** From 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  const table = TABLE;
  const whole = bytes.length - (bytes.length % SLICES);
  let crc = -1;
  let at = 0;
  for (; at < whole; at += SLICES) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      table[1792 + (crc & 0xff)]! ^
      table[1536 + ((crc >>> 8) & 0xff)]! ^
      table[1280 + ((crc >>> 16) & 0xff)]! ^
      table[1024 + (crc >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = table[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
