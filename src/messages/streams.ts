/** Events of the stream engine itself: late events, dead letters, and a source's control signals. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import type { ExactLong } from './exact-long.ts';

export const lateEventSchema = {
  type: 'record',
  name: 'LateEvent',
  namespace: NAMESPACE,
  doc: 'An event that came after its window had closed for good.',
  fields: [
    { name: 'window', type: 'string' },
    { name: 'key', type: ['null', 'string'] },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
    { name: 'latenessMs', type: 'long', doc: 'How far the watermark had passed the end of the last window it lost.' },
    { name: 'windows', type: 'int', doc: 'How many windows it lost; it may be in others.', default: 1 },
    { name: 'event', type: 'string', doc: 'The event as JSON.' },
  ],
} as const satisfies AvroRecord;
export type LateEvent = FromAvro<typeof lateEventSchema>;

/** A dead letter keeps so much of its original. */
export const RAW_BYTES_MAX = 64 * 1024;

export const deadLetterSchema = {
  type: 'record',
  name: 'DeadLetter',
  namespace: NAMESPACE,
  doc: 'An input that could not be decoded or failed validation, kept as it came.',
  fields: [
    { name: 'stream', type: 'string' },
    { name: 'source', type: 'string' },
    { name: 'position', type: 'long', doc: 'Where the source had it: a line, an offset, a sequence.' },
    {
      name: 'reason',
      type: 'string',
      doc: 'A short code, such as not-json, missing-field, wrong-type, null-key, too-large, expectation-failed.',
    },
    { name: 'detail', type: 'string', doc: 'For people: what was wrong, and where in the message.' },
    { name: 'raw', type: 'bytes', doc: 'The original bytes; cut at 64 KiB, see rawLength.' },
    { name: 'rawLength', type: 'long', doc: 'Length of the original in bytes.' },
    {
      name: 'format',
      type: 'string',
      doc: 'How the original is written: json, csv or avro; empty where that is not known.',
      default: '',
    },
    {
      name: 'context',
      type: 'string',
      doc: "What it takes to read the original: of csv the header, of avro its writer's schema.",
      default: '',
    },
  ],
} as const satisfies AvroRecord;
export type DeadLetter = FromAvro<typeof deadLetterSchema>;

export const deadLetterReplayedSchema = {
  type: 'record',
  name: 'DeadLetterReplayed',
  namespace: NAMESPACE,
  doc: 'A dead letter was read again and taken: it stands in the commit of the event that came of it.',
  fields: [
    { name: 'log', type: 'string', doc: 'Of the dead letter.' },
    { name: 'offset', type: 'long', doc: 'Of the dead letter in that log.' },
    { name: 'replayedAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;

export const sourceControlSchema = {
  type: 'record',
  name: 'SourceControl',
  namespace: NAMESPACE,
  doc: 'A decision about a partition of a source that changes results, so it is journaled.',
  fields: [
    {
      name: 'control',
      type: {
        type: 'enum',
        name: 'Control',
        symbols: ['watermark', 'idle', 'active', 'endOfInput'],
        default: 'watermark',
      },
    },
    {
      name: 'watermark',
      type: TIMESTAMP_MILLIS,
      doc: 'Where the watermark goes, if that is ahead of where it is; for idle and active, that of the stream.',
    },
  ],
} as const satisfies AvroRecord;
export type SourceControl = FromAvro<typeof sourceControlSchema>;

export const flushSchema = {
  type: 'record',
  name: 'Flush',
  namespace: NAMESPACE,
  doc: 'All that is open is to be given as it is. State and watermark stay, so what comes later corrects it.',
  fields: [{ name: 'reason', type: 'string', doc: 'Such as end-of-input.' }],
} as const satisfies AvroRecord;

export const filePositionSchema = {
  type: 'record',
  name: 'FilePosition',
  namespace: NAMESPACE,
  doc: 'How far a partition has come in a file, and by what that file is known again.',
  fields: [
    { name: 'path', type: 'string', doc: 'Where it lay. The same content is the same file elsewhere, too.' },
    { name: 'partitions', type: 'int', doc: 'Of the stream.' },
    { name: 'lines', type: 'long', doc: 'The last line, or record, that the partition has behind it.' },
    { name: 'records', type: 'long', doc: 'Events and dead letters of the file that the partition has.' },
    { name: 'bytes', type: 'long', doc: 'Of the unpacked content, as far as it is consumed; of a Parquet file all.' },
    { name: 'sha256', type: 'string', doc: 'Of these bytes, in hexadecimal digits.' },
    { name: 'isCut', type: 'boolean', doc: 'The last line had no end: the file ended within it.' },
  ],
} as const satisfies AvroRecord;
export type FilePosition = FromAvro<typeof filePositionSchema>;

export const topicPositionSchema = {
  type: 'record',
  name: 'TopicPosition',
  namespace: NAMESPACE,
  doc: 'How far a partition has come in a partition of a Kafka topic, and by what that topic is known again.',
  fields: [
    { name: 'topic', type: 'string' },
    { name: 'partition', type: 'int', doc: 'Of the topic.' },
    {
      name: 'from',
      type: 'long',
      doc: 'The offset from which on it was read: where the commit before ended, if none is missing.',
    },
    { name: 'next', type: 'long', doc: 'The offset that is read next.' },
    { name: 'group', type: 'string', doc: 'The consumer group that it was read in.' },
    { name: 'generation', type: 'int', doc: 'Of that group.' },
    { name: 'lastOffset', type: 'long', doc: 'Of the last record that there was before `next`.' },
    { name: 'lastTimestamp', type: TIMESTAMP_MILLIS, doc: 'Of that record.' },
    { name: 'lastCrc', type: 'long', doc: 'CRC-32 of the key and the value of that record, one after the other.' },
  ],
} as const satisfies AvroRecord;
export type TopicPosition = FromAvro<typeof topicPositionSchema>;

export const callCutOffSchema = {
  type: 'record',
  name: 'CallCutOff',
  namespace: NAMESPACE,
  doc: "A call of an operator's code that did not return. It is not made again: its event is a dead letter for this operator. Or of a function, named with brackets: `given` is a hash of the call.",
  fields: [
    { name: 'operator', type: 'string' },
    { name: 'given', type: 'long', doc: 'Events that the operator had been given by then, the last one counted.' },
    { name: 'call', type: 'int', doc: 'Calls since it was given that one: of timers, and of events that had waited.' },
    { name: 'error', type: 'string', doc: 'For people.' },
  ],
} as const satisfies AvroRecord;
export type CallCutOff = FromAvro<typeof callCutOffSchema>;

export const repeatedEventsSchema = {
  type: 'record',
  name: 'RepeatedEvents',
  namespace: NAMESPACE,
  doc: 'Events that the log has, given once more to the one operator that failed on them.',
  fields: [
    { name: 'operator', type: 'string' },
    { name: 'stream', type: 'string', doc: 'That they are of.' },
    { name: 'fingerprint', type: 'string', doc: "Of its writer's schema: 16 hexadecimal digits." },
    { name: 'count', type: 'int' },
    { name: 'block', type: 'bytes', doc: 'An Avro array of so many events.' },
  ],
} as const satisfies AvroRecord;

export const operatorMessageSchema = {
  type: 'record',
  name: 'OperatorMessage',
  namespace: NAMESPACE,
  doc: 'What an operator is told beside the events of streams, such as by people: input like them, at its place among them.',
  fields: [
    { name: 'operator', type: 'string' },
    { name: 'fingerprint', type: 'string', doc: "Of its writer's schema: 16 hexadecimal digits." },
    { name: 'count', type: 'int' },
    { name: 'block', type: 'bytes', doc: 'An Avro array of so many records.' },
  ],
} as const satisfies AvroRecord;

export const tombstoneSchema = {
  type: 'record',
  name: 'Tombstone',
  namespace: NAMESPACE,
  doc: 'A row of a stream that is used as a table is gone.',
  fields: [
    { name: 'key', type: ['long', 'string'] },
    { name: 'occurredAt', type: TIMESTAMP_MILLIS },
  ],
} as const satisfies AvroRecord;
export type Tombstone = Omit<FromAvro<typeof tombstoneSchema>, 'key'> & { readonly key: ExactLong | string };

export const requestTakenSchema = {
  type: 'record',
  name: 'RequestTaken',
  namespace: NAMESPACE,
  doc: 'A request with an Idempotency-Key, as far as the partition of the log has it: what a repeated one has to complete.',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'digest', type: 'bytes', doc: 'SHA-256 of what was asked: the same key for something else is refused.' },
    { name: 'takenAt', type: TIMESTAMP_MILLIS, doc: 'When it came first; the same in all partitions.' },
    {
      name: 'rows',
      type: 'long',
      doc: 'So many of the events and dead letters that it has for the partition are in, those of the commit counted.',
    },
  ],
} as const satisfies AvroRecord;
export type RequestTaken = FromAvro<typeof requestTakenSchema>;

/** The request that a batch is a part of. */
export interface RequestPart extends Omit<RequestTaken, 'rows'> {
  /** Rows of the request's share of the partition that come before the batch. */
  readonly rowsBefore: number;
}

/** Written by versions before there were exchanges. */
export const forwardedBlockSchema = {
  type: 'record',
  name: 'ForwardedBlock',
  namespace: NAMESPACE,
  doc: 'Input of one log as the input of another, which groups it by another key.',
  fields: [
    { name: 'log', type: 'string', doc: 'Where it was taken in.' },
    { name: 'fingerprint', type: 'string', doc: "Of its writer's schema: 16 hexadecimal digits." },
    { name: 'count', type: 'int' },
    { name: 'block', type: 'bytes', doc: 'An Avro array of so many events.' },
  ],
} as const satisfies AvroRecord;

export const exchangedBlockSchema = {
  type: 'record',
  name: 'ExchangedBlock',
  namespace: NAMESPACE,
  doc: 'Those events of a block of another log whose key hashes to this partition of an exchange, in their order.',
  fields: [
    { name: 'log', type: 'string', doc: 'Where they were taken in.' },
    {
      name: 'before',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'LogTime',
          fields: [
            { name: 'log', type: 'string' },
            { name: 'occurredAt', type: ['null', TIMESTAMP_MILLIS], doc: 'The largest event time in it so far.' },
            { name: 'watermark', type: ['null', TIMESTAMP_MILLIS], doc: 'That its source said.' },
          ],
        },
      },
      doc: 'How far logs had come before these events, where that was not said before: by events of other partitions.',
    },
    { name: 'fingerprint', type: 'string', doc: "Of its writer's schema: 16 hexadecimal digits." },
    { name: 'count', type: 'int' },
    { name: 'block', type: 'bytes', doc: 'An Avro array of so many events.' },
    {
      name: 'seen',
      type: 'bytes',
      doc:
        'How far the log came by events of other partitions between each of these events and the next: an Avro long for ' +
        'each, 0 where it came no further, else the largest time less the one said before it. Empty where all are 0.',
    },
  ],
} as const satisfies AvroRecord;
export type ExchangedBlock = FromAvro<typeof exchangedBlockSchema>;
/** How far a log has come. */
export type LogTime = ExchangedBlock['before'][number];

export const commitHeaderSchema = {
  type: 'record',
  name: 'CommitHeader',
  namespace: NAMESPACE,
  doc: 'Heads the body of a commit frame; the sections it lists follow it, in order.',
  fields: [
    { name: 'stream', type: 'string' },
    { name: 'partition', type: 'int' },
    { name: 'source', type: 'string', doc: 'Which source delivered the input.' },
    { name: 'next', type: 'long', doc: "That source's position for this partition after this commit." },
    { name: 'committedAt', type: TIMESTAMP_MILLIS },
    {
      name: 'sections',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'CommitSection',
          fields: [
            { name: 'fingerprint', type: 'string', doc: "Of the writer's schema: 16 hexadecimal digits." },
            { name: 'role', type: { type: 'enum', name: 'SectionRole', symbols: ['input', 'derived'] } },
            { name: 'count', type: 'int' },
            { name: 'bytes', type: 'int' },
          ],
        },
      },
    },
  ],
} as const satisfies AvroRecord;
export type CommitHeader = FromAvro<typeof commitHeaderSchema>;
