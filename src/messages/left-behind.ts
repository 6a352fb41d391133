/**
 * A decision about a partition that others waited for too long. It is no symbol of SourceControl: partitions derive controls by
 * that schema, and have to derive those of earlier versions again as they were.
 */
import { type AvroRecord, NAMESPACE } from './avro.ts';

export const leftBehindSchema = {
  type: 'record',
  name: 'LeftBehind',
  namespace: NAMESPACE,
  doc: 'Who reads this log with others goes on without it until it has caught up. Its own time stays as it is.',
  fields: [{ name: 'reason', type: 'string', doc: 'Such as max-wait.' }],
} as const satisfies AvroRecord;
