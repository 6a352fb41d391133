/**
 * Confluent's wire format of Avro in Kafka: a zero byte, the schema's id in its registry as four bytes, the highest first,
 * then the datum. Source: Confluent's documentation, "Formats, serializers and deserializers", wire format.
 */
export interface Framed {
  readonly schemaId: number;
  /** The datum, in the memory of the message. */
  readonly datum: Buffer;
}

const HEAD_BYTES = 5;

/** Null for bytes that are not of this form. */
export function readFramed(message: Buffer): Framed | null {
  if (message.length < HEAD_BYTES || message[0] !== 0) return null;
  return { schemaId: message.readInt32BE(1), datum: message.subarray(HEAD_BYTES) };
}

export function framed(schemaId: number, datum: Uint8Array): Buffer {
  const message = Buffer.alloc(HEAD_BYTES + datum.byteLength);
  message.writeInt32BE(schemaId, 1);
  message.set(datum, HEAD_BYTES);
  return message;
}
