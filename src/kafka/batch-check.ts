/**
 * Compares a record batch with its checksum, which kafkajs does not. A batch that was damaged on its way is sound when it is
 * fetched again. One that is damaged where it lies comes the same each time, and is given up.
 */
import { crc32c } from './crc32c.ts';

/** The checksum covers everything behind it. */
const CRC = 17;
const COVERED = 21;
const TRIES = 3;
/** Damaged batches that are remembered. */
const REMEMBERED = 100;

/** `again`: it is to be fetched again; `damaged`: it was, and was the same. */
export type BatchState = 'sound' | 'again' | 'damaged';

/** Of one process. The bytes are one batch of version 2, whole. */
export function createBatchCheck(): (batch: Buffer) => BatchState {
  const tries = new Map<string, number>();
  return (batch) => {
    const [wanted, found] = [batch.readUInt32BE(CRC), crc32c(batch.subarray(COVERED))];
    if (wanted === found) return 'sound';
    const which = `${batch.readBigInt64BE(0)}/${wanted}/${found}`;
    const times = (tries.get(which) ?? 0) + 1;
    tries.delete(which);
    if (times >= TRIES) return 'damaged';
    tries.set(which, times);
    for (const [oldest] of tries) {
      if (tries.size <= REMEMBERED) break;
      tries.delete(oldest);
    }
    return 'again';
  };
}
