/** Records of a batch as kafkajs itself reads them. */
import { createRequire } from 'node:module';

export interface ReadRecord {
  readonly offsetDelta: number;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder');
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder');

export function recordsOf(records: Buffer, count: number): ReadRecord[] {
  const decoder = new Decoder(records);
  return Array.from({ length: count }, () => {
    const { offset, value, headers } = decodeRecord(new Decoder(decoder.readVarIntBytes()), {
      firstOffset: '0',
      firstTimestamp: '0',
    });
    return { offsetDelta: Number(offset), value, headers };
  });
}
