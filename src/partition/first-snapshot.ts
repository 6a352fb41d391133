/**
 * The schema of snapshots that were written before their schema stood in front of them. It never changes: data
 * directories of those versions go on from their snapshots by it, also where the log before them was pruned.
 */
export const FIRST_SNAPSHOT_FINGERPRINT = 'e7cf598d840e9805';

export const FIRST_SNAPSHOT_SCHEMA = JSON.stringify({
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
