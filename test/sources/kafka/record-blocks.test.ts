/** Records as events: what the record itself gives, its key, timestamp and headers, beside the value. */
import { describe, expect, it } from 'vitest';
import type { FetchedRecord } from '../../../src/kafka/group.ts';
import { framed } from '../../../src/kafka/wire-format.ts';
import type { AvroRecord } from '../../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../../../src/messages/codec.ts';
import { AS_JSON } from '../../../src/messages/origins.ts';
import { STANDARD_FORMAT, type StreamFormat } from '../../../src/messages/stream-format.ts';
import { deadLetterType } from '../../../src/messages/types.ts';
import { createRecordBlocks } from '../../../src/sources/kafka/record-blocks.ts';
import type { KafkaSourceSettings } from '../../../src/sources/kafka/settings.ts';
import { reread } from '../../../src/workers/reread.ts';
import { kafkaSettings } from './kafka-settings.ts';

const AT = 1_600_000_000_000;
const settings: KafkaSourceSettings = { ...kafkaSettings, value: 'json', eventTime: { from: 'record' } };

function schemaOf(key: 'int' | 'long' | 'string', more: AvroRecord['fields'] = []): AvroRecord {
  const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } } as const;
  return { type: 'record', name: 'Own', namespace: 'test', fields: [{ name: 'id', type: key }, at, ...more] };
}

function record(value: string | Buffer, own: Partial<FetchedRecord> = {}): FetchedRecord {
  return { offset: 7, timestamp: AT, key: null, value: Buffer.from(value), ...own };
}

/** The events that a record becomes, or the reasons for which it is a dead letter. */
function read(
  schema: AvroRecord,
  own: Partial<KafkaSourceSettings>,
  of: FetchedRecord,
  format: StreamFormat = STANDARD_FORMAT,
): (DynamicEvent | string)[] {
  const stream = { name: 's', schema, key: 'id', eventTime: 'at', partitions: 1, format, kafka: null };
  const blocks = createRecordBlocks(stream, { ...settings, ...own }).blocksOf('kafka:g:t', [of], new Map());
  return blocks.flatMap(({ fingerprint, bytes }): (DynamicEvent | string)[] => {
    if (fingerprint !== deadLetterType.fingerprint) return dynamicEventType(schema).decodeBlock(bytes);
    return deadLetterType.decodeBlock(bytes).map(({ reason, detail }) => `${reason}: ${detail}`);
  });
}

describe('the timestamp of a record', () => {
  it('is in milliseconds, also where the times of the JSON are in seconds', () => {
    const format = { ...STANDARD_FORMAT, json: { ...STANDARD_FORMAT.json, epoch: 'seconds' as const } };
    expect(read(schemaOf('int'), {}, record('{"id":1}'), format)).toEqual([{ id: 1, at: AT }]);
  });

  it('may not be there: then the record is no event', () => {
    const none = record('{"id":1}', { timestamp: -1 });
    expect(read(schemaOf('int'), {}, none)).toEqual(['invalid-time: the record has no timestamp']);
  });
});

describe('a value to which the record gives a field', () => {
  it('is read as exactly as any other', () => {
    const wide = 9_151_314_442_816_847_873n;
    expect(read(schemaOf('long'), {}, record(`{"id":${wide}}`))).toEqual([{ id: wide, at: AT }]);
    const broken = Buffer.from('{"id":"\xff"}', 'latin1');
    expect(read(schemaOf('string'), {}, record(broken))).toEqual(['not-json: the bytes are not UTF-8']);
  });

  it('may have fields of any name', () => {
    const more = ['reason', 'detail'].map((name) => ({ name, type: 'string' }) as const);
    const value = JSON.stringify({ id: 1, reason: 'a', detail: 'b' });
    expect(read(schemaOf('int', more), {}, record(value))).toEqual([{ id: 1, at: AT, reason: 'a', detail: 'b' }]);
  });
});

describe('the key of a record', () => {
  const avro = { value: 'avro', key: 'text', eventTime: { from: 'field' } } as const;
  const one = Buffer.from([2, 2]);

  it('is in the place of the value’s', () => {
    expect(read(schemaOf('int'), avro, record(one, { key: Buffer.from('-5') }))).toEqual([{ id: -5, at: 1 }]);
  });

  it('that the type of the stream’s key can’t hold is refused, and stops nothing', () => {
    const wide = Buffer.alloc(8);
    wide.writeBigInt64BE(2n ** 40n);
    const refused = ["wrong-key: the record's key is beyond the 32 bits of an int: 1099511627776"];
    expect(read(schemaOf('int'), avro, record(one, { key: Buffer.from('1099511627776') }))).toEqual(refused);
    expect(read(schemaOf('int'), { ...avro, key: 'long' }, record(one, { key: wide }))).toEqual(refused);
  });
});

describe('the original of a record', () => {
  it('is read again as it was read first', () => {
    const schema = schemaOf('int');
    const stream = {
      name: 's',
      schema,
      key: 'id',
      eventTime: 'at',
      partitions: 1,
      format: STANDARD_FORMAT,
      kafka: null,
    };
    const value = framed(258, dynamicEventType(schema).encode({ id: 3, at: 4 }));
    const known = new Map([[258, { kind: 'found', schemaText: JSON.stringify(schema) } as const]]);
    const own = { ...settings, value: 'avro-registry', eventTime: { from: 'field' } } as const;
    const [block] = createRecordBlocks(stream, own).blocksOf('kafka:g:t', [record(value)], known);
    const { form, raw, lengths } = block?.origins?.originals ?? { form: AS_JSON, raw: Buffer.alloc(0), lengths: [] };
    const letter = { source: 'kafka:g:t', position: 7, raw: Buffer.from(raw), rawLength: lengths[0] ?? 0, ...form };
    const again = reread(letter, { ...stream, keyField: 'id' });
    expect(again).toMatchObject({ kind: 'event', partition: 0 });
    if (again.kind === 'event') expect(again.blocks[0]?.bytes).toEqual(block?.bytes);
  });

  it('is not read again, where the record gave it more than its bytes', () => {
    const value = '{"id":1,"at":"2020-01-01T00:00:00Z"}';
    const stream = { name: 's', schema: schemaOf('int'), key: 'id', eventTime: 'at', partitions: 1 };
    const blocks = createRecordBlocks({ ...stream, format: STANDARD_FORMAT, kafka: null }, settings);
    const [block] = blocks.blocksOf('kafka:g:t', [record(value)], new Map());
    expect(block?.origins?.originals?.form).toEqual({ format: '', context: '' });
  });
});
