/**
 * Rows of a table as the blocks of batches, by partition and in their order: events, deletions, and dead letters for rows
 * that are no event of the stream.
 */
import { dynamicEventType } from '../../messages/codec.ts';
import { createJsonDecoder } from '../../messages/json.ts';
import { AS_JSON, createOriginWriter, type InputBlock } from '../../messages/origins.ts';
import { type DeadLetter, RAW_BYTES_MAX, type Tombstone } from '../../messages/streams.ts';
import { ISO_TIMES } from '../../messages/times.ts';
import { deadLetterType, tombstoneType } from '../../messages/types.ts';
import { eventKey } from '../../streams/field-key.ts';
import { partitionOfEventKey } from '../../streams/partitioner.ts';
import type { SourceStream } from '../adapter.ts';
import { isRefused, keyReader } from '../kafka/record-parts.ts';

export interface RowBlocks {
  /**
   * A row as JSON. `position` is what dead letters show, and `commitMs` the event time where that is not in the row. It is
   * left out where its partition has it already.
   */
  add(json: string, position: number, commitMs: number | null, hasAlready: (partition: number) => boolean): void;
  /** The row of this key is gone; null where it is not known which. */
  remove(key: string | null, position: number, commitMs: number, hasAlready: (partition: number) => boolean): void;
  /** A change of which no row can be made. */
  refuse(reason: string, detail: string, raw: string, position: number): void;
  /** Of all partitions. */
  rows(): number;
  /** By partition. */
  take(): InputBlock[][];
}

/** Values of a database without a zone are in UTC. */
const TIMES = { ...ISO_TIMES, timeZone: 'UTC' };

export function createRowBlocks(stream: SourceStream, source: string): RowBlocks {
  const { schema, key, eventTime, partitions } = stream;
  const decoder = createJsonDecoder(schema, key, TIMES);
  const keyOf = eventKey(schema, key);
  const readKey = keyReader('text', schema, key);
  const lanes = Array.from({ length: partitions }, () => createLane(stream, source));
  let rows = 0;

  function refuse(reason: string, detail: string, raw: string, position: number): void {
    rows += 1;
    lanes[0]?.refuse(reason, detail, Buffer.from(raw), position);
  }

  return {
    add(json, position, commitMs, hasAlready) {
      const decoded = decoder.line(json, commitMs === null ? undefined : { [eventTime]: commitMs });
      if (!decoded.ok) {
        if (!hasAlready(0)) refuse(decoded.reason, decoded.detail, json, position);
        return;
      }
      const partition = partitionOfEventKey(keyOf(decoded.event), partitions);
      if (hasAlready(partition)) return;
      rows += 1;
      lanes[partition]?.add(decoded.event, Buffer.from(json), position);
    },
    remove(text, position, occurredAt, hasAlready) {
      const found = readKey(text === null ? null : Buffer.from(text));
      if (isRefused(found)) {
        if (!hasAlready(0)) refuse(found.reason, `of a row that was deleted: ${found.detail}`, text ?? '', position);
        return;
      }
      const partition = partitionOfEventKey(found.value, partitions);
      if (hasAlready(partition)) return;
      rows += 1;
      lanes[partition]?.remove({ key: found.value, occurredAt });
    },
    refuse,
    rows: () => rows,
    take() {
      rows = 0;
      return lanes.map((lane) => lane.take());
    },
  };
}

function createLane({ name, schema }: SourceStream, source: string) {
  const events = dynamicEventType(schema).blockWriter();
  const origins = createOriginWriter();
  let blocks: InputBlock[] = [];
  let letters: DeadLetter[] = [];
  let deletions: Tombstone[] = [];

  function flush(): void {
    const block = events.take();
    if (block !== null && block.count > 0) blocks.push({ ...block, origins: origins.take(source, AS_JSON) });
    if (deletions.length > 0) blocks.push(tombstoneType.encodeBlock(deletions));
    if (letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
    letters = [];
    deletions = [];
  }

  return {
    add(event: Readonly<Record<string, unknown>>, raw: Buffer, position: number): void {
      if (letters.length > 0 || deletions.length > 0) flush();
      events.push(event);
      origins.add(position, raw);
    },
    remove(tombstone: Tombstone): void {
      if (events.length > 0 || letters.length > 0) flush();
      deletions.push(tombstone);
    },
    refuse(reason: string, detail: string, raw: Buffer, position: number): void {
      if (events.length > 0 || deletions.length > 0) flush();
      const kept = raw.subarray(0, RAW_BYTES_MAX);
      letters.push({ stream: name, source, position, reason, detail, raw: kept, rawLength: raw.length, ...AS_JSON });
    },
    take(): InputBlock[] {
      flush();
      const taken = blocks;
      blocks = [];
      return taken;
    },
  };
}
