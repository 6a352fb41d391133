/**
 * A partition's snapshot: the consumer's own state and that of its derivers, as of one offset of the log.
 * It is one Avro record, and its schema stands in front of it, so that a later version reads it by schema resolution:
 * a field that is added needs a default.
 */
import { cardStateSchema } from '../fraud/card-state.ts';
import { type AvroRecord, type FromAvro, NAMESPACE } from '../messages/avro.ts';
import { eventType, resolvingDecoder } from '../messages/codec.ts';
import { filePositionSchema, requestTakenSchema } from '../messages/streams.ts';
import { FIRST_SNAPSHOT_FINGERPRINT, FIRST_SNAPSHOT_SCHEMA } from './first-snapshot.ts';

export const partitionSnapshotSchema = {
  type: 'record',
  name: 'PartitionSnapshot',
  namespace: NAMESPACE,
  fields: [
    { name: 'positions', type: { type: 'map', values: 'long' }, doc: 'Next position, by source.' },
    {
      name: 'files',
      type: { type: 'array', items: filePositionSchema },
      default: [],
      doc: 'Those that were read.',
    },
    { name: 'maxEventTimeMs', type: 'double', doc: 'A double, because it is -Infinity before the first event.' },
    { name: 'sourceWatermarkMs', type: 'double', doc: 'What the source says.' },
    { name: 'watermarkMs', type: 'double', doc: 'What windows fire by.' },
    { name: 'isIdle', type: 'boolean' },
    { name: 'isFlushed', type: 'boolean', default: false },
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
            { name: 'isFlushed', type: 'boolean', default: false },
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
            { name: 'given', type: ['null', 'long'], default: null, doc: 'What a flush gave it with.' },
            { name: 'event', type: ['null', 'bytes'], doc: 'By the schema of its side.' },
          ],
        },
      },
    },
    { name: 'cards', type: { type: 'array', items: cardStateSchema } },
    {
      name: 'requests',
      doc: 'Those with a key, in the order in which they were taken.',
      type: { type: 'array', items: requestTakenSchema },
      default: [],
    },
    { name: 'requestsForgottenUpTo', type: 'long', default: 0 },
  ],
} as const satisfies AvroRecord;

export type PartitionSnapshot = FromAvro<typeof partitionSnapshotSchema>;

const snapshotType = eventType(partitionSnapshotSchema);
const SCHEMA = Buffer.from(snapshotType.json, 'utf8');
/** No snapshot of the first version begins with this: those begin with a digit of a fingerprint. */
const MAGIC = Buffer.from('S1', 'latin1');
const HEAD_BYTES = MAGIC.length + 4;

export function encodeSnapshot(snapshot: PartitionSnapshot): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(SCHEMA.length, MAGIC.length);
  return Buffer.concat([head, SCHEMA, snapshotType.encodeBlock([snapshot]).bytes]);
}

/** Null when its schema can't be resolved to that of today: the log is then replayed from the start. */
export function decodeSnapshot(bytes: Uint8Array): PartitionSnapshot | null {
  const written = partsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (written === null) return null;
  if (written.schemaJson === snapshotType.json) return snapshotType.decodeBlock(written.block)[0] ?? null;
  try {
    return resolvingDecoder(snapshotType, written.schemaJson)(written.block)[0] ?? null;
  } catch {
    return null;
  }
}

/** The schema that a snapshot was written by, and a block of the one record. */
function partsOf(body: Buffer): { readonly schemaJson: string; readonly block: Uint8Array } | null {
  if (body.subarray(0, MAGIC.length).equals(MAGIC)) {
    const end = HEAD_BYTES + body.readUInt32LE(MAGIC.length);
    return { schemaJson: body.toString('utf8', HEAD_BYTES, end), block: body.subarray(end) };
  }
  const { length } = FIRST_SNAPSHOT_FINGERPRINT;
  if (body.toString('latin1', 0, length) !== FIRST_SNAPSHOT_FINGERPRINT) return null;
  // The record stood there by itself; as an Avro array it has a count before it and an end behind it.
  const block = Buffer.concat([Buffer.from([2]), body.subarray(length), Buffer.from([0])]);
  return { schemaJson: FIRST_SNAPSHOT_SCHEMA, block };
}
