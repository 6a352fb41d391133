/**
 * Reads a JSON value or line strictly as an event of a schema. A value that is not exactly an event is refused with a reason
 * and, for people, the field and the value found there.
 *
 * A valid value is returned as it is, without a copy, unless a default or a time has to be filled in. A line with a number
 * beyond what JSON.parse keeps exactly, in a field that would keep it, is read a second time, by its digits.
 */
import { isUtf8 } from 'node:buffer';
import type { AvroRecord } from './avro.ts';
import { recordType } from './avro-schema.ts';
import type { DynamicEvent } from './codec.ts';
import { recordReader } from './json-fields.ts';
import { isMap } from './json-map.ts';
import { FAILED, pathText, type RejectReason, type Report } from './refusal.ts';
import { createTimes, ISO_TIMES } from './times.ts';
import type { JsonOptions } from './unknown-fields.ts';
import { parseWritten } from './written-number.ts';

export type JsonDecoded =
  | { readonly ok: true; readonly event: DynamicEvent }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

export interface JsonDecoder {
  /**
   * Decodes a line of JSON. Bytes must be UTF-8; for a string they are assumed to have been. `given` are values in the place of
   * those that the line has for these fields.
   */
  line(line: string | Uint8Array, given?: Readonly<Record<string, unknown>>): JsonDecoded;
  /** Decodes a value that JSON.parse returned. */
  value(value: unknown): JsonDecoded;
}

/** Throws when the schema has no form in JSON: a union whose branches look alike. `keyField` may not be null. */
export function createJsonDecoder(schema: AvroRecord, keyField: string, options: JsonOptions = ISO_TIMES): JsonDecoder {
  const report: Report = { reason: 'wrong-type', problem: '', path: [], depth: 0 };
  const { contract = 'freeze' } = options;
  const scope = { report, times: createTimes(options), contract, records: new Map() };
  const read = recordReader(recordType(schema), keyField, scope);

  function value(input: unknown): JsonDecoded {
    if (!isMap(input)) {
      return { ok: false, reason: 'not-an-object', detail: `an event is a JSON object, not ${kindOf(input)}` };
    }
    report.depth = 0;
    const event = read(input);
    if (event !== FAILED && isMap(event)) return { ok: true, event };
    return { ok: false, reason: report.reason, detail: `${pathText(report.path)} ${report.problem}` };
  }

  return {
    value,
    line(line, given) {
      const whole = (parsed: unknown): unknown =>
        given === undefined || !isMap(parsed) ? parsed : { ...parsed, ...given };
      const text = typeof line === 'string' ? line : utf8Text(line);
      if (text === null) return { ok: false, reason: 'not-json', detail: 'the bytes are not UTF-8' };
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch (error) {
        return { ok: false, reason: 'not-json', detail: error instanceof Error ? error.message : String(error) };
      }
      const decoded = value(whole(parsed));
      return decoded.ok || decoded.reason !== 'too-large' ? decoded : value(whole(parseWritten(text)));
    },
  };
}

function utf8Text(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
