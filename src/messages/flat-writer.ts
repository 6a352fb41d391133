/**
 * Writes events of numbers and texts without an object an event: the values stand where the writer reads them, and are
 * written from there. An object with numbers in it costs a box for each that is no small integer.
 */
import type { AvroRecord } from './avro.ts';
import { type Block, type BlockWriter, createBlockWriter } from './block.ts';
import { BOOLEAN, type FlatField, flatFields, TEXT } from './flat-fields.ts';
import { type FlatRecord, flatPlaces, flatRecordWriter } from './record-writer.ts';

type Places<T> = { readonly [F in keyof T]: number };

export interface FlatWriter<T> extends FlatRecord, Pick<BlockWriter<T>, 'length' | 'take'> {
  /** Where the value of each field stands: a text in `texts`, any other in `numbers`. */
  readonly places: Places<T>;
  /** Writes an event of the values that stand there, and leaves them. Throws when they do not fit the schema. */
  write(): void;
}

/**
 * `encode` writes any event and returns where it ends, or minus the bytes that it lacks. Throws when a field is neither number,
 * boolean nor text, or can be null.
 */
export function createFlatWriter<T>(
  fingerprint: string,
  schema: AvroRecord,
  encode: (event: object, buffer: Buffer, at: number) => number,
): FlatWriter<T> {
  const fields = flatFields(schema) ?? [];
  const fast = flatRecordWriter(schema);
  if (fast === null) throw new Error(`${schema.name} has a field that is no plain number or text`);
  const at = flatPlaces(fields);
  const places = Object.fromEntries(schema.fields.map(({ name }, i) => [name, at[i] ?? 0]));
  if (!isOf<T>(places, schema)) throw new Error(`${schema.name} has other fields than its type`);
  const record: FlatRecord = { numbers: new Float64Array(fields.length), texts: [] };
  const events = createBlockWriter<FlatRecord>(fingerprint, fast, (own, buffer, start) =>
    encode(objectOf(own, schema, fields, at), buffer, start),
  );
  // Written out and without a getter, as in createBlockWriter(): all flat writers then have one shape.
  const writer = {
    numbers: record.numbers,
    texts: record.texts,
    places,
    length: 0,
    write(): void {
      events.push(record);
      writer.length = events.length;
    },
    take(): Block | null {
      writer.length = 0;
      return events.take();
    },
  };
  return writer;
}

function isOf<T>(places: object, { fields }: AvroRecord): places is Places<T> {
  return fields.every(({ name }) => name in places);
}

function objectOf(
  { numbers, texts }: FlatRecord,
  schema: AvroRecord,
  fields: readonly FlatField[],
  at: readonly number[],
): object {
  const values = fields.map(({ op }, i) => {
    if (op === TEXT) return texts[at[i]!];
    return op === BOOLEAN ? numbers[at[i]!] === 1 : numbers[at[i]!];
  });
  return Object.fromEntries(schema.fields.map(({ name }, i) => [name, values[i]]));
}
