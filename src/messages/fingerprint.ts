/**
 * CRC-64-AVRO (Rabin) fingerprint of a schema's parsing canonical form.
 * Source: Apache Avro specification 1.11, "Schema Fingerprints".
 */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE: readonly bigint[] = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? EMPTY : 0n);
  return value;
});

/** The fingerprint as 16 hexadecimal digits, most significant first. */
export function rabinFingerprint(canonicalForm: string): string {
  let value = EMPTY;
  for (const byte of Buffer.from(canonicalForm, 'utf8')) {
    value = (value >> 8n) ^ (TABLE[Number((value ^ BigInt(byte)) & 0xffn)] ?? 0n);
  }
  return value.toString(16).padStart(16, '0');
}
