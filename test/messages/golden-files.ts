/**
 * The files of test/fixtures/golden: `<Name>.<fingerprint>.avsc`, the block that this schema wrote as `.avro`, and its
 * events as `.json`. A version's files are written once and never changed: a log that holds such blocks may exist.
 *
 * After a schema has changed: `npx tsx test/messages/golden-files.ts` adds the files of the new version.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { referenceBlock } from './avro-reference.ts';
import { GOLDEN } from './golden-values.ts';

const DIRECTORY = fileURLToPath(new URL('../fixtures/golden', import.meta.url));

export interface GoldenFile {
  readonly name: string;
  readonly fingerprint: string;
  readonly schema: AvroRecord;
  readonly json: string;
  readonly block: Buffer;
  readonly values: readonly Readonly<Record<string, unknown>>[];
}

export function goldenFiles(): GoldenFile[] {
  return readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => {
      const stem = join(DIRECTORY, file.slice(0, -'.avsc'.length));
      const [name = '', fingerprint = ''] = file.split('.');
      const json = readFileSync(`${stem}.avsc`, 'utf8');
      const schema: AvroRecord = JSON.parse(json);
      const values: Record<string, unknown>[] = JSON.parse(readFileSync(`${stem}.json`, 'utf8'));
      return {
        name,
        fingerprint,
        schema,
        json,
        block: readFileSync(`${stem}.avro`),
        values: values.map((value) => fromJson(schema, value)),
      };
    });
}

/** Bytes stand in JSON as the specification's JSON encoding has them: a character a byte. */
function fromJson(schema: AvroRecord, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    schema.fields.map(({ name, type }) => [
      name,
      type === 'bytes' ? Buffer.from(String(value[name]), 'latin1') : value[name],
    ]),
  );
}

function writeMissing(): void {
  for (const { type, values } of GOLDEN) {
    const stem = join(DIRECTORY, `${type.schema.name}.${type.fingerprint}`);
    if (existsSync(`${stem}.avsc`)) continue;
    const json = values.map((value) =>
      Object.fromEntries(
        Object.entries(value).map(([name, field]) => [name, Buffer.isBuffer(field) ? field.toString('latin1') : field]),
      ),
    );
    writeFileSync(`${stem}.avsc`, `${JSON.stringify(type.schema, null, 2)}\n`);
    writeFileSync(`${stem}.json`, `${JSON.stringify(json, null, 2)}\n`);
    writeFileSync(`${stem}.avro`, referenceBlock(type.schema, values));
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) writeMissing();
