/**
 * Collects the events of an input file by partition and gives them as batches, a chunk of lines at a time.
 *
 * A partition does not get lines again that it has. Refused lines belong to partition 0.
 */

import { COMPANIONS } from '../builtin-types.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { companionOf } from '../messages/companion.ts';
import { AS_JSON, createOriginWriter, type InputBlock, memoryOf, type OriginalForm } from '../messages/origins.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType, filePositionType } from '../messages/types.ts';
import type { Resumed } from '../sources/known-file.ts';
import type { ConsumedPrefix } from '../sources/prefix-hash.ts';
import { eventKey } from '../streams/field-key.ts';
import { partitionOfEventKey } from '../streams/partitioner.ts';
import type { ReadInputMessage, ReadInputTask } from './read-input-protocol.ts';

export interface InputChunk {
  /** Events and refused lines so far. */
  readonly records: number;
  /** Bytes of the kept originals. */
  readonly bytes: number;
  /** `raw` is what was read: the line, the record, the datum. It is copied. */
  event(event: DynamicEvent, line: number, raw: Uint8Array): void;
  /** Sets the form of the originals from now on. */
  readAs(form: OriginalForm): void;
  /** What the row of the event given last has beside it. */
  beside(values: DynamicEvent): void;
  refused(letter: Pick<DeadLetter, 'reason' | 'detail' | 'raw' | 'rawLength'>, line: number): void;
  /** Posts a batch for each partition that has something, and begins anew. The prefix of a file says what file it is. */
  post(lastLine: number, prefix: ConsumedPrefix | null, isCut?: boolean): void;
}

export function createInputChunk(
  task: ReadInputTask,
  resumed: Resumed,
  post: (message: ReadInputMessage, transfer: ArrayBuffer[]) => void,
): InputChunk {
  const { path, stream, source, keyField } = task;
  const { positions } = resumed;
  const type = dynamicEventType(task.schema);
  const keyOf = eventKey(task.schema, keyField);
  const partitions = positions.length;
  let events: DynamicEvent[][] = positions.map(() => []);
  const origins = positions.map(createOriginWriter);
  const companions = positions.map(() => companionOf(COMPANIONS, task.schema)?.collect() ?? null);
  let letters: DeadLetter[] = [];
  let form = AS_JSON;
  let records = 0;
  let bytes = 0;
  let skipped = 0;
  /** Records of the file that each partition has. */
  const had = resumed.records.map((known) => known ?? 0);
  /** The event given last, and its partition, or -1 when that has it already. */
  let lastEvent: DynamicEvent = {};
  let lastPartition = -1;

  function skip(partition: number): void {
    skipped += 1;
    // The log is of a version that did not count records.
    if (resumed.records[partition] === null) had[partition]! += 1;
  }

  return {
    get records() {
      return records;
    },
    get bytes() {
      return bytes;
    },
    event(event, line, raw) {
      records += 1;
      const partition = partitionOfEventKey(keyOf(event), partitions);
      const behind = line <= (positions[partition] ?? 0);
      lastEvent = event;
      lastPartition = behind ? -1 : partition;
      if (behind) return skip(partition);
      had[partition]! += 1;
      events[partition]?.push(event);
      origins[partition]?.add(line, raw);
      bytes += raw.byteLength;
    },
    readAs(next) {
      form = next;
    },
    beside(values) {
      companions[lastPartition]?.add(lastEvent, values);
    },
    refused({ reason, detail, raw, rawLength }, line) {
      records += 1;
      if (line <= (positions[0] ?? 0)) return skip(0);
      had[0]! += 1;
      letters.push({ stream, source, position: line, reason, detail, raw, rawLength, ...form });
      bytes += raw.byteLength + form.context.length;
    },
    post(lastLine, prefix, isCut = false) {
      for (const [partition, own] of events.entries()) {
        const blocks: InputBlock[] = [];
        const beside = companions[partition]?.take() ?? null;
        const from = origins[partition];
        if (own.length > 0 && from !== undefined)
          blocks.push({ ...type.encodeBlock(own), origins: from.take(source, form) });
        if (beside !== null) blocks.push(beside);
        if (partition === 0 && letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
        if (blocks.length === 0) continue;
        if (prefix !== null) {
          const place = { path, partitions, lines: lastLine, records: had[partition] ?? 0, isCut, ...prefix };
          blocks.push(filePositionType.encodeBlock([place]));
        }
        post({ kind: 'batch', partition, next: lastLine, blocks }, blocks.flatMap(memoryOf));
      }
      post({ kind: 'chunk', records, skipped, lastLine }, []);
      events = positions.map(() => []);
      letters = [];
      records = 0;
      bytes = 0;
      skipped = 0;
    },
  };
}
