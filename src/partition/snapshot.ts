/**
 * A partition's snapshot: its own state and that of each of its operators, as of one offset of the log. All of it is
 * written with its schema, so that a later version reads it by schema resolution: a field that is added needs a default.
 *
 *   "S2"  length of the schema  schema  block of one record  state of each operator, in the record's order
 */
import { type AvroRecord, type FromAvro, NAMESPACE } from '../messages/avro.ts';
import { eventType, resolvingDecoder } from '../messages/codec.ts';
import { filePositionSchema, requestTakenSchema, topicPositionSchema } from '../messages/streams.ts';
import { tablePositionSchema } from '../messages/table-position.ts';
import { decodeEarlierSnapshot } from './earlier-snapshots.ts';
import type { PartitionState } from './partition.ts';
import type { SavedOperator } from './saved-operators.ts';

const WATERMARK_FIELDS = [
  { name: 'maxEventTimeMs', type: 'double', doc: 'A double, because it is -Infinity before the first event.' },
  { name: 'sourceWatermarkMs', type: 'double', doc: 'What the source says.' },
  { name: 'watermarkMs', type: 'double', doc: 'What operators go by.' },
  { name: 'isIdle', type: 'boolean' },
  { name: 'isFlushed', type: 'boolean', default: false },
] as const;

const snapshotSchema = {
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
    {
      name: 'topics',
      type: { type: 'array', items: topicPositionSchema },
      default: [],
      doc: 'Partitions of Kafka topics that were read.',
    },
    {
      name: 'tables',
      type: { type: 'array', items: tablePositionSchema },
      default: [],
      doc: 'Tables of databases that were read.',
    },
    ...WATERMARK_FIELDS,
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
            ...WATERMARK_FIELDS,
            { name: 'isAligned', type: ['null', 'boolean'], default: null, doc: 'Whether the watermark waits for it.' },
          ],
        },
      },
    },
    {
      name: 'requests',
      doc: 'Those with a key, in the order in which they were taken.',
      type: { type: 'array', items: requestTakenSchema },
      default: [],
    },
    { name: 'requestsForgottenUpTo', type: 'long', default: 0 },
    {
      name: 'operators',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'OperatorState',
          fields: [
            { name: 'kind', type: 'string' },
            { name: 'name', type: 'string' },
            { name: 'definition', type: 'string', doc: 'What its state depends on besides its schema.' },
            { name: 'schema', type: 'string', doc: 'Of its records, as JSON.' },
            { name: 'count', type: 'long', doc: 'Records, of which an Avro array stands behind this one.' },
            { name: 'length', type: 'long', doc: 'Bytes of that array.' },
          ],
        },
      },
      default: [],
    },
  ],
} as const satisfies AvroRecord;

export interface PartitionSnapshot extends PartitionState {
  readonly operators: readonly SavedOperator[];
}

type Head = FromAvro<typeof snapshotSchema>;

const snapshotType = eventType(snapshotSchema);
const SCHEMA = Buffer.from(snapshotType.json, 'utf8');
const MAGIC = Buffer.from('S2', 'latin1');

export function encodeSnapshot({ operators, ...state }: PartitionSnapshot): Uint8Array {
  const heads = operators.map(({ kind, name, definition, schema, count, bytes }) => {
    return { kind, name: name ?? '', definition: definition ?? '', schema, count, length: bytes.byteLength };
  });
  const record = snapshotType.encodeBlock([{ ...state, operators: heads }]).bytes;
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(SCHEMA.length, 0);
  lengths.writeUInt32LE(record.length, 4);
  return Buffer.concat([MAGIC, lengths, SCHEMA, record, ...operators.map(({ bytes }) => bytes)]);
}

/** Null when the snapshot's schema can't be resolved to today's: the log is then replayed from the start. */
export function decodeSnapshot(bytes: Uint8Array): PartitionSnapshot | null {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    const earlier = decodeEarlierSnapshot(body);
    const head = earlier === null ? null : headOf(earlier.schemaJson, earlier.block);
    return head === null || earlier === null ? null : { ...head, operators: earlier.operators };
  }
  const schemaEnd = MAGIC.length + 8 + body.readUInt32LE(MAGIC.length);
  const recordEnd = schemaEnd + body.readUInt32LE(MAGIC.length + 4);
  const head = headOf(body.toString('utf8', MAGIC.length + 8, schemaEnd), body.subarray(schemaEnd, recordEnd));
  if (head === null) return null;
  let at = recordEnd;
  const operators = head.operators.map(({ length, ...operator }) => {
    at += length;
    return { ...operator, bytes: body.subarray(at - length, at) };
  });
  return { ...head, operators };
}

function headOf(schemaJson: string, block: Uint8Array): Head | null {
  if (schemaJson === snapshotType.json) return snapshotType.decodeBlock(block)[0] ?? null;
  try {
    return resolvingDecoder(snapshotType, schemaJson)(block)[0] ?? null;
  } catch {
    return null;
  }
}
