/** Parquet files that pyarrow wrote (fixtures/parquet/make.py), of every codec, hold what pyarrow was given. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { openParquet } from '../../src/projections/parquet.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/parquet');

const schema: AvroRecord = JSON.parse(`{
  "type": "record", "name": "All", "fields": [
    {"name": "id", "type": "long"},
    {"name": "u8", "type": "int"},
    {"name": "u32", "type": "long"},
    {"name": "u64", "type": "long"},
    {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 32, "scale": 4}]},
    {"name": "seconds", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "millis", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "micros", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "clock", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "time", "type": {"type": "long", "logicalType": "time-micros"}},
    {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "state", "type": ["null", {"type": "enum", "name": "State", "symbols": ["open", "paid"]}]},
    {"name": "raw", "type": ["null", "bytes"]},
    {"name": "list", "type": ["null", {"type": "array", "items": ["null", "long"]}]},
    {"name": "map", "type": {"type": "map", "values": "double"}},
    {"name": "record", "type": ["null", {"type": "record", "name": "Own", "fields": [
      {"name": "on", "type": {"type": "int", "logicalType": "date"}},
      {"name": "parts", "type": {"type": "array", "items": {"type": "record", "name": "Part", "fields": [
        {"name": "n", "type": "long"},
        {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}]}
      ]}}}
    ]}]}
  ]
}`);

const lines = readFileSync(join(FIXTURES, 'all.jsonl'), 'utf8').trim().split('\n');

test.each(['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'])(
  'a file of the codec %s has its values, exactly and in order',
  async (codec) => {
    const file = await openParquet(join(FIXTURES, `all.${codec}.parquet`), schema, 'id');
    const type = dynamicEventType(schema);
    const events: unknown[] = [];
    for await (const chunk of file.rows()) {
      for (const row of chunk.rows) events.push(row.ok ? row.event : row.detail);
    }
    file.close();
    const decoder = createJsonDecoder(schema, 'id');
    const wanted = lines.map((line) => {
      const decoded = decoder.line(line);
      return decoded.ok ? decoded.event : decoded.detail;
    });
    expect(events).toEqual(wanted);
    expect(type.eventJson({ ...Object(events[0]) })).toBe(lines[0]?.replace('-1.0', '-1'));
  },
);
