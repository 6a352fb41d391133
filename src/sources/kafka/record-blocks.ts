/**
 * Fetched records as the blocks of a batch, in their order: events, deletions of rows, and dead letters for records
 * that are neither. Each keeps its offset and its original bytes.
 */

import type { FetchedRecord } from '../../kafka/group.ts';
import type { Block } from '../../messages/block.ts';
import { dynamicEventType } from '../../messages/codec.ts';
import { AS_IT_CAME, createOriginWriter, type InputBlock, type OriginalForm } from '../../messages/origins.ts';
import { type DeadLetter, RAW_BYTES_MAX, type Tombstone } from '../../messages/streams.ts';
import { deadLetterType, tombstoneType } from '../../messages/types.ts';
import type { SourceStream } from '../adapter.ts';
import { isRefused, keyReader } from './record-parts.ts';
import { createValueReader, type KnownSchemas } from './record-values.ts';
import type { KafkaSourceSettings } from './settings.ts';

export interface RecordBlocks {
  /** Ids of schemas that the records name. */
  schemaIds(records: readonly FetchedRecord[]): ReadonlySet<number>;
  /** `source` is the name that dead letters show. The schemas that the records name are known. */
  blocksOf(source: string, records: readonly FetchedRecord[], schemas: KnownSchemas): InputBlock[];
}

const NO_BYTES = Buffer.alloc(0);

export function createRecordBlocks(stream: SourceStream, settings: KafkaSourceSettings): RecordBlocks {
  const values = createValueReader(stream, settings);
  const events = dynamicEventType(stream.schema).blockWriter();
  const origins = createOriginWriter();
  const readKey = keyReader(settings.key, stream.schema, stream.key);

  return {
    schemaIds(records) {
      const ids = new Set<number>();
      for (const { value } of records) {
        const id = value === null ? null : values.schemaId(value);
        if (id !== null) ids.add(id);
      }
      return ids;
    },
    blocksOf(source, records, schemas) {
      const blocks: InputBlock[] = [];
      let form: OriginalForm = AS_IT_CAME;
      let letters: DeadLetter[] = [];
      let deletions: Tombstone[] = [];
      const flush = (): void => {
        const block = events.take();
        if (block !== null) blocks.push({ ...block, origins: origins.take(source, form) });
        if (deletions.length > 0) blocks.push(tombstoneType.encodeBlock(deletions));
        if (letters.length > 0) blocks.push(deadLetterType.encodeBlock(letters));
        letters = [];
        deletions = [];
      };
      const refuse = (record: FetchedRecord, reason: string, detail: string, as: OriginalForm): void => {
        if (events.length > 0 || deletions.length > 0) flush();
        const { value, damage } = record;
        const bytes = value ?? damage?.batch ?? null;
        const raw = bytes === null ? NO_BYTES : values.original(bytes, as);
        letters.push({
          stream: stream.name,
          source,
          position: record.offset,
          reason,
          detail,
          raw: raw.subarray(0, RAW_BYTES_MAX),
          rawLength: raw.length,
          ...as,
        });
      };
      const remove = (record: FetchedRecord): void => {
        const key = readKey(record.key);
        if (isRefused(key)) {
          refuse(record, key.reason, `${key.detail}, and no value`, AS_IT_CAME);
          return;
        }
        if (events.length > 0 || letters.length > 0) flush();
        deletions.push({ key: key.value, occurredAt: record.timestamp });
      };
      for (const record of records) {
        const { value, damage } = record;
        if (value === null) {
          if (damage === undefined) remove(record);
          else refuse(record, 'damaged-batch', damage.reason, AS_IT_CAME);
          continue;
        }
        const read = values.read(record, value, schemas);
        if (!read.ok) {
          refuse(record, read.reason, read.detail, read.form);
          continue;
        }
        if (letters.length > 0 || deletions.length > 0 || form.context !== read.form.context) flush();
        form = read.form;
        events.push(read.event);
        origins.add(record.offset, values.original(value, form));
      }
      flush();
      return blocks.filter((block: Block) => block.count > 0);
    },
  };
}
