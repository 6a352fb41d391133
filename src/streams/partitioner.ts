/** Which partition a key belongs to. The same key gives the same partition in every process and version. */

/** `key` modulo `partitions`, through the 32-bit finalizer of MurmurHash3, or Kafka's murmur2 for a string. */
export function partitionOf(key: number | string, partitions: number): number {
  if (partitions === 1) return 0;
  const hash = typeof key === 'number' ? mixInteger(key) : murmur2(key);
  return (hash & 0x7fffffff) % partitions;
}

function mixInteger(key: number): number {
  let hash = (key | 0) ^ (Math.floor(key / 0x1_0000_0000) | 0);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** As Kafka's DefaultPartitioner hashes a key: org.apache.kafka.common.utils.Utils.murmur2 over its UTF-8 bytes. */
function murmur2(key: string): number {
  const data = Buffer.from(key, 'utf8');
  const length = data.length;
  let hash = (0x9747b28c ^ length) | 0;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(data.readInt32LE(at), 0x5bd1e995);
    word = Math.imul(word ^ (word >>> 24), 0x5bd1e995);
    hash = Math.imul(hash, 0x5bd1e995) ^ word;
  }
  const rest = length - whole;
  if (rest >= 3) hash ^= (data[whole + 2] ?? 0) << 16;
  if (rest >= 2) hash ^= (data[whole + 1] ?? 0) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (data[whole] ?? 0), 0x5bd1e995);
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}
