/**
 * Snapshots of earlier versions, which had a field for each kind of operator. Data directories of those versions go on from
 * them, also where the log before them was pruned. This file never changes.
 *
 *   "S1"  length of the schema  schema  block of one record
 *   fingerprint of FIRST_SNAPSHOT_SCHEMA  the record
 */
import { NAMESPACE } from '../messages/avro.ts';
import { dynamicEventType, isRecordSchema, recordOf } from '../messages/codec.ts';
import type { SavedOperator } from './saved-operators.ts';

export interface EarlierSnapshot {
  /** The schema that the snapshot was written by. `block` is a block of the one record. */
  readonly schemaJson: string;
  readonly block: Uint8Array;
  readonly operators: readonly SavedOperator[];
}

/** No snapshot of the first form begins with this: those begin with a digit of a fingerprint. */
const MAGIC = 'S1';
const FIRST_SNAPSHOT_FINGERPRINT = 'e7cf598d840e9805';

/** The fields that held the state of operators: an array of records each. */
const KIND_OF_FIELD: Readonly<Record<string, string>> = { windows: 'window', joined: 'join', cards: 'fraud' };

/** Null for bytes that no version wrote. */
export function decodeEarlierSnapshot(body: Buffer): EarlierSnapshot | null {
  const parts = partsOf(body);
  return parts === null ? null : { ...parts, operators: operatorsOf(parts) };
}

function partsOf(body: Buffer): Pick<EarlierSnapshot, 'schemaJson' | 'block'> | null {
  if (body.toString('latin1', 0, MAGIC.length) === MAGIC) {
    const start = MAGIC.length + 4;
    const end = start + body.readUInt32LE(MAGIC.length);
    return { schemaJson: body.toString('utf8', start, end), block: body.subarray(end) };
  }
  const { length } = FIRST_SNAPSHOT_FINGERPRINT;
  if (body.toString('latin1', 0, length) !== FIRST_SNAPSHOT_FINGERPRINT) return null;
  // The record stood alone; an Avro array has a count before it and an end behind it.
  const block = Buffer.concat([Buffer.from([2]), body.subarray(length), Buffer.from([0])]);
  return { schemaJson: FIRST_SNAPSHOT_SCHEMA, block };
}

/** Reads each state by its own writer's schema, so that no kind has to be known here. */
function operatorsOf({ schemaJson, block }: Pick<EarlierSnapshot, 'schemaJson' | 'block'>): SavedOperator[] {
  const { schema } = recordOf(schemaJson);
  const record = dynamicEventType(schema).decodeBlock(block)[0] ?? {};
  return schema.fields.flatMap(({ name, type }) => {
    const kind = KIND_OF_FIELD[name];
    const states = record[name];
    if (kind === undefined || !Array.isArray(states)) return [];
    if (typeof type !== 'object' || !('items' in type) || !isRecordSchema(type.items)) return [];
    const own = dynamicEventType({ ...type.items, namespace: type.items.namespace ?? NAMESPACE });
    const saved = (operator: string | null, definition: string | null, records: readonly object[]): SavedOperator => {
      const { count, bytes } = own.encodeBlock(records.map((state) => ({ ...state })));
      return { kind, name: operator, definition, schema: own.json, count, bytes };
    };
    if (kind !== 'window') return [saved(null, null, states)];
    return states.map((state) => saved(state.window, state.definition, [state]));
  });
}

const FIRST_SNAPSHOT_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'PartitionSnapshot',
  namespace: 'dev.millrace',
  fields: [
    { name: 'positions', type: { type: 'map', values: 'long' } },
    { name: 'maxEventTimeMs', type: 'double' },
    { name: 'sourceWatermarkMs', type: 'double' },
    { name: 'watermarkMs', type: 'double' },
    { name: 'isIdle', type: 'boolean' },
    {
      name: 'channels',
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
            { name: 'definition', type: 'string' },
            { name: 'watermarkMs', type: 'double' },
            {
              name: 'groups',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'GroupState',
                  fields: [
                    { name: 'key', type: ['null', 'long', 'string'] },
                    { name: 'times', type: { type: 'array', items: 'double' } },
                    { name: 'count', type: 'long' },
                    { name: 'revision', type: 'int' },
                    { name: 'reported', type: 'long' },
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
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'JoinEntry',
          fields: [
            {
              name: 'side',
              type: { type: 'enum', name: 'Side', symbols: ['left', 'right'] },
            },
            { name: 'key', type: ['null', 'long', 'string'] },
            { name: 'timeMs', type: 'double' },
            { name: 'sequence', type: 'long' },
            { name: 'isMatched', type: 'boolean' },
            { name: 'event', type: ['null', 'bytes'] },
          ],
        },
      },
    },
    {
      name: 'cards',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'CardState',
          namespace: 'dev.millrace',
          fields: [
            { name: 'customerId', type: 'long' },
            {
              name: 'sessions',
              type: {
                type: 'array',
                items: {
                  type: 'record',
                  name: 'OpenSession',
                  fields: [
                    {
                      name: 'start',
                      type: { type: 'long', logicalType: 'timestamp-millis' },
                    },
                    {
                      name: 'last',
                      type: { type: 'long', logicalType: 'timestamp-millis' },
                    },
                    { name: 'count', type: 'long' },
                    { name: 'totalCents', type: 'long' },
                    { name: 'maxScore', type: 'double' },
                  ],
                },
              },
            },
            {
              name: 'openCase',
              type: [
                'null',
                {
                  type: 'record',
                  name: 'OpenCase',
                  fields: [
                    { name: 'caseId', type: 'string' },
                    { name: 'hits', type: 'int' },
                    { name: 'amountCents', type: 'long' },
                    { name: 'lastTransactionId', type: 'long' },
                    {
                      name: 'lastHitAt',
                      type: { type: 'long', logicalType: 'timestamp-millis' },
                    },
                  ],
                },
              ],
            },
            { name: 'lastSeenAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
            { name: 'amounts', type: 'long' },
            { name: 'meanCents', type: 'double' },
            { name: 'squares', type: 'double' },
          ],
        },
      },
    },
  ],
});
