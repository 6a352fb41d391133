/** Reads a stream's schema from an .avsc file. What is wrong is thrown as a message with the file and, if known, the line. */
import { readFileSync } from 'node:fs';
import { hasCode } from '../error-code.ts';
import { type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { isMap } from '../messages/json-map.ts';
import { messageOf } from './config-error.ts';
import { jsonErrorAt } from './json-position.ts';

export function readAvroFile(path: string): AvroRecord {
  const schema = parseSchema(readText(path), path);
  if (!isRecord(schema)) {
    throw new Error(`${path} must be an Avro schema of type record, with a name and a list of fields`);
  }
  let fullName: string;
  try {
    fullName = dynamicEventType(schema).name;
  } catch (error) {
    throw new Error(`${path} is not a valid Avro schema: ${messageOf(error)}`, { cause: error });
  }
  if (fullName.startsWith(`${NAMESPACE}.`)) {
    throw new Error(`${path} names its record ${fullName}; the namespace ${NAMESPACE} is for built-in schemas`);
  }
  return schema;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const missing = hasCode(error, 'ENOENT');
    throw new Error(missing ? `${path} does not exist` : `${path} can't be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function parseSchema(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = jsonErrorAt(text) ?? 0;
    const before = text.slice(0, at).split('\n');
    const where = `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    const found = at === text.length ? 'the text ends too early' : `${JSON.stringify(text[at])} can't stand here`;
    throw new Error(`${where} is not JSON: ${found}`, { cause: error });
  }
}

function isRecord(value: unknown): value is AvroRecord {
  if (!isMap(value) || value.type !== 'record' || typeof value.name !== 'string') return false;
  return Array.isArray(value.fields) && value.fields.every((field) => isMap(field) && typeof field.name === 'string');
}
