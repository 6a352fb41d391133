/**
 * A partition's snapshot: the consumer's own state and that of its derivers, as of one offset of the log.
 * It is one Avro record, so a snapshot of another version is recognised by its fingerprint and left alone.
 */
import { cardStateSchema } from '../fraud/card-state.ts';
import { type AvroRecord, type FromAvro, NAMESPACE } from '../messages/avro.ts';
import { eventType } from '../messages/codec.ts';

export const partitionSnapshotSchema = {
  type: 'record',
  name: 'PartitionSnapshot',
  namespace: NAMESPACE,
  fields: [
    { name: 'positions', type: { type: 'map', values: 'long' }, doc: 'Next position, by source.' },
    { name: 'maxEventTimeMs', type: 'double', doc: 'A double, because it is -Infinity before the first event.' },
    { name: 'sourceWatermarkMs', type: 'double', doc: 'What the source says.' },
    { name: 'watermarkMs', type: 'double', doc: 'What windows fire by.' },
    { name: 'isIdle', type: 'boolean' },
    {
      name: 'channels',
      doc: 'Of a partition that reads other logs.',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'ChannelState',
          fields: [
            { name: 'channel', type: 'string' },
            { name: 'maxEventTimeMs', type: 'double' },
            { name: 'sourceWatermarkMs', type: 'double' },
            { name: 'watermarkMs', type: 'double' },
            { name: 'isIdle', type: 'boolean' },
          ],
        },
      },
    },
    {
      name: 'windows',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'WindowState',
          fields: [
            { name: 'window', type: 'string' },
            { name: 'definition', type: 'string', doc: 'The specification whose state it is, as JSON.' },
            { name: 'watermarkMs', type: 'double', doc: 'What it has fired by; -Infinity for nothing.' },
            {
              name: 'groups',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'GroupState',
                  fields: [
                    { name: 'key', type: ['null', 'long', 'string'] },
                    { name: 'times', type: { type: 'array', items: 'double' }, doc: 'By its kind of window.' },
                    { name: 'count', type: 'long' },
                    { name: 'revision', type: 'int' },
                    { name: 'reported', type: 'long', doc: 'Events in its last result.' },
                    { name: 'numbers', type: { type: 'array', items: 'double' } },
                    { name: 'objects', type: { type: 'array', items: 'string' } },
                  ],
                },
              },
            },
          ],
        },
      },
    },
    {
      name: 'joined',
      doc: 'Of a join: events that may still find a match, and versions of a table.',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'JoinEntry',
          fields: [
            { name: 'side', type: { type: 'enum', name: 'Side', symbols: ['left', 'right'] } },
            { name: 'key', type: ['null', 'long', 'string'] },
            { name: 'timeMs', type: 'double' },
            { name: 'sequence', type: 'long' },
            { name: 'isMatched', type: 'boolean' },
            { name: 'event', type: ['null', 'bytes'], doc: 'By the schema of its side.' },
          ],
        },
      },
    },
    { name: 'cards', type: { type: 'array', items: cardStateSchema } },
  ],
} as const satisfies AvroRecord;

export type PartitionSnapshot = FromAvro<typeof partitionSnapshotSchema>;

const snapshotType = eventType(partitionSnapshotSchema);
const FINGERPRINT_BYTES = 16;

export function encodeSnapshot(snapshot: PartitionSnapshot): Uint8Array {
  return Buffer.concat([Buffer.from(snapshotType.fingerprint, 'latin1'), snapshotType.encode(snapshot)]);
}

/** Null when another version wrote it: the log is then replayed from the start. */
export function decodeSnapshot(bytes: Uint8Array): PartitionSnapshot | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.subarray(0, FINGERPRINT_BYTES).toString('latin1') !== snapshotType.fingerprint) return null;
  return snapshotType.decode(buffer.subarray(FINGERPRINT_BYTES));
}
