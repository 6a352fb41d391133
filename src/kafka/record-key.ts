/** Keys of records as Kafka's own serializers write them: StringSerializer, IntegerSerializer, LongSerializer. */
export const RECORD_KEYS = ['text', 'int', 'long'] as const;
export type RecordKey = (typeof RECORD_KEYS)[number];

/** Throws for an `int` or `long` that is no whole number, or too large for its bytes. */
export function keyBytes(form: RecordKey, key: string): Buffer {
  if (form === 'text') return Buffer.from(key, 'utf8');
  const bytes = Buffer.alloc(form === 'int' ? 4 : 8);
  if (form === 'int') bytes.writeInt32BE(Number(key));
  else bytes.writeBigInt64BE(BigInt(key));
  return bytes;
}
