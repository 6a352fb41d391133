/**
 * Collects the events of an input file by partition and gives them as batches, a chunk of lines at a time.
 *
 * A partition that has a line behind it is not given it again; what was refused belongs to partition 0.
 */
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { AS_JSON, createOriginWriter, type InputBlock, memoryOf, type OriginalForm } from '../messages/origins.ts';
import type { FraudLabel } from '../messages/payments.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType, fraudLabelType } from '../messages/types.ts';
import { partitionOf } from '../streams/partitioner.ts';
import type { ReadInputMessage, ReadInputTask } from './read-input-protocol.ts';

export interface InputChunk {
  /** Events and refused lines so far. */
  readonly records: number;
  /** `raw` is what was read: the line, the record, the datum. It is copied. */
  event(event: DynamicEvent, line: number, raw: Uint8Array): void;
  /** How originals are written from now on. */
  readAs(form: OriginalForm): void;
  /** The label of the event given last. */
  label(scenario: number): void;
  refused(letter: Pick<DeadLetter, 'reason' | 'detail' | 'raw' | 'rawLength'>, line: number): void;
  /** Posts a batch for each partition that has something, and begins anew. */
  post(lastLine: number): void;
}

const LABEL_DELAY_MS = 7 * 86_400_000;

export function createInputChunk(
  task: ReadInputTask,
  post: (message: ReadInputMessage, transfer: ArrayBuffer[]) => void,
): InputChunk {
  const { positions, stream, source, keyField } = task;
  const type = dynamicEventType(task.schema);
  const partitions = positions.length;
  let events: DynamicEvent[][] = positions.map(() => []);
  const origins = positions.map(createOriginWriter);
  let labels: FraudLabel[][] = positions.map(() => []);
  let letters: DeadLetter[] = [];
  let form = AS_JSON;
  let records = 0;
  let skipped = 0;
  /** Of the event given last: itself, and its partition, or -1 when that has it already. */
  let lastEvent: DynamicEvent = {};
  let lastPartition = -1;

  function partitionOfEvent(event: DynamicEvent): number {
    const key = event[keyField];
    return partitionOf(typeof key === 'number' || typeof key === 'string' ? key : JSON.stringify(key), partitions);
  }

  return {
    get records() {
      return records;
    },
    event(event, line, raw) {
      records += 1;
      const partition = partitionOfEvent(event);
      const behind = line <= (positions[partition] ?? 0);
      lastEvent = event;
      lastPartition = behind ? -1 : partition;
      if (behind) {
        skipped += 1;
        return;
      }
      events[partition]?.push(event);
      origins[partition]?.add(line, raw);
    },
    readAs(next) {
      form = next;
    },
    label(scenario) {
      labels[lastPartition]?.push({
        transactionId: Number(lastEvent.transactionId),
        customerId: Number(lastEvent.customerId),
        fraud: true,
        scenario,
        knownAt: Number(lastEvent.occurredAt) + LABEL_DELAY_MS,
        origin: 'handbook',
      });
    },
    refused({ reason, detail, raw, rawLength }, line) {
      records += 1;
      if (line <= (positions[0] ?? 0)) skipped += 1;
      else letters.push({ stream, source, position: line, reason, detail, raw, rawLength, ...form });
    },
    post(lastLine) {
      for (const [partition, own] of events.entries()) {
        const blocks: InputBlock[] = [];
        const known = labels[partition] ?? [];
        const from = origins[partition];
        if (own.length > 0 && from !== undefined)
          blocks.push({ ...type.encodeBlock(own), origins: from.take(source, form) });
        if (known.length > 0) blocks.push(fraudLabelType.encodeBlock(known));
        if (partition === 0 && letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
        if (blocks.length === 0) continue;
        post({ kind: 'batch', partition, next: lastLine, blocks }, blocks.flatMap(memoryOf));
      }
      post({ kind: 'chunk', records, skipped, lastLine }, []);
      events = positions.map(() => []);
      labels = positions.map(() => []);
      letters = [];
      records = 0;
      skipped = 0;
    },
  };
}
