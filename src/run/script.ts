/** One line of a test script: an event, or a control whose only special words begin with `$`. */
import { isUtf8 } from 'node:buffer';
import type { Config } from '../config/config.ts';
import { hintFor } from '../config/output-names.ts';
import { parseDuration } from '../keys/units.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { isLong } from '../messages/exact-long.ts';
import { createJsonDecoder, type JsonDecoder } from '../messages/json.ts';
import { type DeadLetter, RAW_BYTES_MAX, type Tombstone } from '../messages/streams.ts';
import type { TimeOptions } from '../messages/times.ts';
import { NOT_UNICODE, NOT_UNICODE_PROBLEM } from '../messages/well-formed.ts';
import { wholeNumber } from '../messages/whole-number.ts';
import { parseWritten, writtenText } from '../messages/written-number.ts';
import { isKeyByText, keyOfText } from '../streams/field-key.ts';

export type ScriptStep =
  | {
      readonly kind: 'event';
      readonly stream: string;
      readonly partition: number | null;
      readonly event: DynamicEvent;
      /** The line. */
      readonly raw: Buffer;
    }
  | {
      readonly kind: 'refused';
      readonly stream: string;
      readonly letter: Pick<DeadLetter, 'reason' | 'detail' | 'raw' | 'rawLength'>;
    }
  | {
      readonly kind: 'tombstone';
      readonly stream: string;
      readonly partition: number | null;
      readonly tombstone: Tombstone;
      /** The stream is used as a table; elsewhere a deletion means nothing. */
      readonly isOfTable: boolean;
    }
  | {
      readonly kind: 'watermark';
      readonly stream: string;
      readonly partition: number | null;
      readonly watermarkMs: number;
    }
  | { readonly kind: 'idle' | 'active'; readonly stream: string; readonly partition: number }
  | { readonly kind: 'advanceClock'; readonly byMs: number }
  | { readonly kind: 'snapshot' | 'restart' };

export interface ScriptStream {
  readonly name: string;
  readonly schema: AvroRecord;
  readonly key: string;
  readonly eventTime: string;
  readonly partitions: number;
  readonly isScripted: boolean;
  readonly isTable: boolean;
  readonly times: TimeOptions;
}

/** The streams of a pipeline file, as scripts know them. */
export function scriptStreams({ streams, joins, windows, derived }: Config): ScriptStream[] {
  const streamOf = (name: string): string => {
    const own = derived.find((each) => each.name === name);
    return own === undefined ? name : streamOf(own.stream);
  };
  return streams.map(({ name, schema, key, eventTime, partitions, watermark, format }) => {
    const isJoined = joins.some(({ left, right, spec }) => {
      if (spec.kind === 'tables') return left === name || right === name;
      return spec.kind === 'table' && right === name;
    });
    const isTable = isJoined || windows.some((own) => own.window.kind === 'table' && streamOf(own.stream) === name);
    return {
      name,
      schema,
      key,
      eventTime,
      partitions,
      isScripted: watermark.kind === 'scripted',
      isTable,
      times: format.json,
    };
  });
}

/** A control line that can't be carried out. The message is for the script's author. */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScriptError';
  }
}

/** Lines without a stream of their own are for `inputStream`. The reader throws a ScriptError for a bad control. */
export function createScriptReader(
  streams: readonly ScriptStream[],
  inputStream: string,
): (line: Buffer) => ScriptStep {
  const decoders = new Map<string, JsonDecoder>();
  for (const { name, schema, key, times } of streams) decoders.set(name, createJsonDecoder(schema, key, times));

  function event(stream: string, partition: number | null, line: Buffer, value: unknown): ScriptStep {
    const decoder = decoders.get(stream) ?? createMissing(stream);
    const decoded = value === undefined ? decoder.line(line) : decoder.value(value);
    if (decoded.ok) return { kind: 'event', stream, partition, event: decoded.event, raw: line };
    return refused(stream, line, decoded);
  }
  function createMissing(stream: string): never {
    throw new ScriptError(`there is no stream ${stream}; ${hintFor(stream, [...decoders.keys()])}`);
  }
  function requireStream(name: unknown): ScriptStream {
    const stream = streams.find((candidate) => candidate.name === name);
    return stream ?? createMissing(typeof name === 'string' ? name : JSON.stringify(name));
  }

  return (line) => {
    const words = isControl(line) ? parsed(line) : null;
    const special = words === null ? [] : Object.keys(words).filter((word) => word.startsWith('$'));
    const [first] = special;
    if (words === null || first === undefined) return event(inputStream, null, line, undefined);
    const unknown = special.find((word) => !MODIFIERS.includes(word) && !CONTROLS.includes(word));
    if (unknown !== undefined) {
      throw new ScriptError(`${unknown} is no control; ${hintFor(unknown, [...CONTROLS, ...MODIFIERS])}`);
    }
    const control = special.find((word) => CONTROLS.includes(word));
    const stream = requireStream(words.$stream ?? (control === undefined ? undefined : words.stream) ?? inputStream);
    const partition = words.$partition === undefined ? null : partitionIn(stream, '$partition', words.$partition);
    if (control === undefined) {
      const own = Object.entries(writtenFields(line)).filter(([word]) => !word.startsWith('$'));
      if (words.$tombstone === undefined) return event(stream.name, partition, line, Object.fromEntries(own));
      if (words.$tombstone !== true) throw new ScriptError('$tombstone can only be true');
      const row = words[stream.key];
      if (typeof row === 'string' && !row.isWellFormed()) {
        return refused(stream.name, line, { reason: NOT_UNICODE, detail: `${stream.key} ${NOT_UNICODE_PROBLEM}` });
      }
      return tombstoneStep(stream, partition, Object.fromEntries(own));
    }
    const extra = Object.keys(words).find((word) => !ALLOWED.includes(word) && word !== control);
    if (extra !== undefined) throw new ScriptError(`${extra} can't stand beside ${control}`);
    return controlStep(control, words[control], stream, partition);
  };
}

function refused(stream: string, line: Buffer, why: Pick<DeadLetter, 'reason' | 'detail'>): ScriptStep {
  const raw = Buffer.from(line.subarray(0, RAW_BYTES_MAX));
  const { reason, detail } = why;
  return { kind: 'refused', stream, letter: { reason, detail, raw, rawLength: line.length } };
}

const CONTROLS: readonly string[] = ['$watermark', '$idle', '$active', '$advanceClock', '$snapshot', '$restart'];
const MODIFIERS: readonly string[] = ['$stream', '$partition', '$tombstone'];
/** Words that may stand beside a control. */
const ALLOWED: readonly string[] = ['stream', '$stream', '$partition'];

function tombstoneStep(
  { name, schema, key, eventTime, isTable }: ScriptStream,
  partition: number | null,
  fields: Record<string, unknown>,
): ScriptStep {
  const row = fields[key];
  const occurredAt = fields[eventTime];
  const ofKey = tombstoneKey(schema, key, row);
  if (ofKey === null) {
    throw new ScriptError(`beside $tombstone stands ${key}, the key of the row that is gone`);
  }
  if (typeof occurredAt !== 'number' || !Number.isSafeInteger(occurredAt)) {
    throw new ScriptError(`beside $tombstone stands ${eventTime}, in whole milliseconds since 1970`);
  }
  const tombstone = { key: ofKey, occurredAt };
  return { kind: 'tombstone', stream: name, partition, tombstone, isOfTable: isTable };
}

/** Of the value that a line has for the key; null for what is none. */
function tombstoneKey(schema: AvroRecord, key: string, value: unknown): Tombstone['key'] | null {
  if (!isKeyByText(schema, key)) {
    const own = typeof value === 'string' ? value : wholeNumber(value);
    return typeof own === 'string' || isLong(own) ? own : null;
  }
  const text = writtenText(value) ?? (typeof value === 'object' ? '' : String(value));
  return keyOfText(schema, key, text);
}

function controlStep(control: string, value: unknown, stream: ScriptStream, partition: number | null): ScriptStep {
  switch (control) {
    case '$watermark':
      if (!stream.isScripted) {
        throw new ScriptError(`${stream.name} makes its own watermark; a script moves that of \`watermark: scripted\``);
      }
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        throw new ScriptError('$watermark is a whole number of milliseconds since 1970');
      }
      return { kind: 'watermark', stream: stream.name, partition, watermarkMs: value };
    case '$idle':
    case '$active': {
      const kind = control === '$idle' ? 'idle' : 'active';
      return { kind, stream: stream.name, partition: partitionIn(stream, control, value) };
    }
    case '$advanceClock': {
      const byMs = typeof value === 'string' ? parseDuration(value) : null;
      if (byMs === null) throw new ScriptError('$advanceClock is a duration such as "500ms", "3s" or "5m"');
      return { kind: 'advanceClock', byMs };
    }
    default:
      if (value !== true) throw new ScriptError(`${control} can only be true`);
      return { kind: control === '$snapshot' ? 'snapshot' : 'restart' };
  }
}

function partitionIn(stream: ScriptStream, word: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < stream.partitions) return value;
  throw new ScriptError(
    `${word} names no partition of ${stream.name}: it has ${stream.partitions}, numbered from 0; found ${JSON.stringify(value)}`,
  );
}

function isControl(line: Buffer): boolean {
  return line.includes('"$');
}

/** The line's JSON object; null for anything else, whose fault the event decoder names. */
/** The fields of a line that is an object, with all digits of its numbers. */
function writtenFields(line: Buffer): Record<string, unknown> {
  return { ...Object(parseWritten(line.toString('utf8'))) };
}

function parsed(line: Buffer): Record<string, unknown> | null {
  if (!isUtf8(line)) return null;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
