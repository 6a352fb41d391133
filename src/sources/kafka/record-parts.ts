/** The parts of a record besides its value: the key, headers and the timestamp. */
import type { FetchedRecord, HeaderValue } from '../../kafka/group.ts';
import { fieldOf, isNullable } from '../../keys/names.ts';
import { type AvroRecord, isUnion } from '../../messages/avro.ts';
import { exactLong, longOfText } from '../../messages/exact-long.ts';
import { createInstantParser } from '../../messages/instant.ts';
import { isKeyByText, keyOfText, writtenAs } from '../../streams/field-key.ts';
import { typeName } from '../../streams/field-type.ts';
import type { EventTimeForm, KafkaSourceSettings, KeyForm } from './settings.ts';

export interface Refused {
  readonly reason: string;
  readonly detail: string;
}

/** A field that has its value from elsewhere than the record's value. */
export interface Fill {
  readonly field: string;
  of(record: FetchedRecord): { readonly value: unknown } | Refused;
}

export function isRefused(value: object): value is Refused {
  return 'reason' in value && 'detail' in value;
}

/** The fields that are filled, in the order in which they are. `key` and `eventTime` are those of the stream. */
export function fillsOf(
  { key: form, eventTime: time, headers }: KafkaSourceSettings,
  { schema, key, eventTime }: { readonly schema: AvroRecord; readonly key: string; readonly eventTime: string },
): Fill[] {
  const fills = Object.entries(headers).map(([field, header]) => headerFill(schema, field, header));
  const readKey = form === 'value' ? null : keyReader(form, schema, key);
  if (readKey !== null) fills.push({ field: key, of: (record) => readKey(record.key) });
  if (time.from !== 'field') fills.push({ field: eventTime, of: (record) => timeOf(record, time) });
  return fills;
}

/** The key of a stream: a text, or a whole number of 32 or 64 bits. */
type KeyType = 'string' | 'int' | 'long';

function keyTypeOf(schema: AvroRecord, key: string): KeyType {
  const type = fieldOf(schema, key)?.type ?? 'long';
  const names = (isUnion(type) ? type : [type]).map(typeName);
  return names.includes('string') ? 'string' : names.includes('long') ? 'long' : 'int';
}

type ReadKey = { readonly value: number | bigint | string } | Refused;

/** Reads the key of a record as that of its stream. `value` counts as text: a deletion has no value to read it from. */
export function keyReader(form: KeyForm, schema: AvroRecord, field: string): (key: Buffer | null) => ReadKey {
  if (isKeyByText(schema, field)) return (key) => keyByText(key, schema, field);
  const type = keyTypeOf(schema, field);
  const ofType = (value: number | bigint): ReadKey => {
    if (type === 'string') return { value: String(value) };
    if (type === 'long' || value === (Number(value) | 0)) return { value };
    return { reason: 'wrong-key', detail: `the record's key is beyond the 32 bits of an int: ${value}` };
  };
  return (key) => {
    if (key === null) return NO_KEY;
    if (form === 'int' || form === 'long') {
      const bytes = form === 'int' ? 4 : 8;
      if (key.length !== bytes) {
        return {
          reason: 'wrong-key',
          detail: `the record's key has ${key.length} bytes, and as ${form} it has ${bytes}`,
        };
      }
      return ofType(form === 'int' ? key.readInt32BE(0) : exactLong(key.readBigInt64BE(0)));
    }
    const text = key.toString('utf8');
    if (type === 'string') return { value: text };
    const value = longOfText(text);
    if (value !== null) return ofType(value);
    return { reason: 'wrong-key', detail: `the record's key is no whole number: ${JSON.stringify(text.slice(0, 60))}` };
  };
}

function keyByText(key: Buffer | null, schema: AvroRecord, field: string): ReadKey {
  if (key === null) return NO_KEY;
  const text = key.toString('utf8');
  const value = keyOfText(schema, field, text);
  if (value !== null) return { value };
  const wanted = writtenAs(schema, field);
  return { reason: 'wrong-key', detail: `the record's key is not ${wanted}: ${JSON.stringify(text.slice(0, 60))}` };
}

const NO_KEY: Refused = { reason: 'null-key', detail: 'the record has no key' };

function headerFill(schema: AvroRecord, field: string, header: string): Fill {
  const declared = fieldOf(schema, field);
  const mayLack = declared !== undefined && isNullable(declared);
  return {
    field,
    of({ headers }) {
      const value = textOf(headers?.[header]);
      if (value !== null || mayLack) return { value };
      return { reason: 'missing-header', detail: `the record has no header ${JSON.stringify(header)}` };
    },
  };
}

const instants = createInstantParser();

function timeOf({ timestamp, headers }: FetchedRecord, form: EventTimeForm): { readonly value: number } | Refused {
  if (form.from !== 'header') {
    // Clients write -1 for none.
    if (timestamp < 0) return { reason: 'invalid-time', detail: 'the record has no timestamp' };
    return { value: timestamp };
  }
  const text = textOf(headers?.[form.header]);
  if (text === null) {
    return { reason: 'missing-header', detail: `the record has no header ${JSON.stringify(form.header)}` };
  }
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : instants.text(text);
  if (Number.isSafeInteger(value)) return { value };
  const shown = JSON.stringify(text.slice(0, 60));
  const detail = `the header ${JSON.stringify(form.header)} is neither milliseconds nor an ISO time: ${shown}`;
  return { reason: 'invalid-time', detail };
}

/** The first, where a header stands there several times. */
export function textOf(value: HeaderValue | undefined): string | null {
  const first = Array.isArray(value) ? value[0] : value;
  if (first === undefined) return null;
  return Buffer.isBuffer(first) ? first.toString('utf8') : String(first);
}
