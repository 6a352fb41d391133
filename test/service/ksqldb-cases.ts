/** Cases of ksqlDB's query validation tests as a pipeline file: each has a stream, perhaps a second one, and a view. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

interface Fields {
  readonly [name: string]: FieldType;
}
/** A name of Avro, `decimal(p,s)`, `x[]`, `map<x>`, `{ map: x }`, `[x]` for a list, or the fields of a record. */
type FieldType = string | readonly FieldType[] | Fields;

const fieldType: z.ZodType<FieldType> = z.lazy(() =>
  z.union([z.string(), z.array(fieldType), z.record(z.string(), fieldType)]),
);
const rows = z.array(z.array(z.unknown()));
const side = {
  fields: z.record(z.string(), fieldType),
  key: z.string().optional(),
  at: z.array(z.union([z.number(), z.string()])).optional(),
  in: rows.default([]),
};
const told = { file: z.string(), name: z.string(), formats: z.int().default(1) };

const saidCase = z.strictObject({
  ...told,
  ...side,
  sql: z.string(),
  csv: z.record(z.string(), z.unknown()).optional(),
  json: z.record(z.string(), z.unknown()).optional(),
  right: z.strictObject({ ...side, table: z.boolean().default(false) }).optional(),
  out: rows.default([]),
  refused: z.string().optional(),
  without: z.string().optional(),
  inferred: z.boolean().default(false),
  differs: z.string().optional(),
});
const otherCase = z.strictObject({ ...told, not: z.string() });

export type SaidCase = z.output<typeof saidCase>;
export type Case = SaidCase | z.output<typeof otherCase>;
type Side = NonNullable<SaidCase['right']>;

const read = (name: string): readonly Case[] =>
  z
    .array(z.union([otherCase, saidCase]))
    .parse(parse(readFileSync(new URL(`../fixtures/ksqldb/${name}.yaml`, import.meta.url), 'utf8')));

/** Those that somebody chose. */
export const chosenCases = read('cases');
/** All of the files that a draw gave. */
export const drawnCases = read('drawn');

function isList(type: FieldType): type is readonly FieldType[] {
  return Array.isArray(type);
}

function avro(type: FieldType, name: string): unknown {
  if (isList(type)) return ['null', { type: 'array', items: avro(type[0] ?? 'string', name) }];
  if (typeof type === 'object') {
    const { map, enum: symbols } = type;
    if (map !== undefined) return ['null', { type: 'map', values: avro(map, name) }];
    if (symbols !== undefined) return ['null', { type: 'enum', name, symbols }];
    const fields = Object.entries(type).map(([own, of]) => ({ name: own, type: avro(of, `${name}_${own}`) }));
    return ['null', { type: 'record', name, fields }];
  }
  if (type.startsWith('decimal')) {
    const [precision = 0, scale = 0] = type.split(/[(,)]/).slice(1).map(Number);
    return ['null', { type: 'bytes', logicalType: 'decimal', precision, scale }];
  }
  if (type.endsWith('[]')) return ['null', { type: 'array', items: avro(type.slice(0, -2), name) }];
  if (type.startsWith('map<')) return ['null', { type: 'map', values: avro(type.slice(4, -1), name) }];
  return ['null', type];
}

/** The section of a stream; its schema is written into the folder. */
function streamOf(
  { fields, key }: Pick<Side, 'fields' | 'key'>,
  name: string,
  directory: string,
  format?: object,
): string {
  const own = Object.entries(fields).map(([field, type]) => ({ name: field, type: avro(type, `${name}_${field}`) }));
  const time = { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } };
  const schema = { type: 'record', name: `Row_${name}`, fields: [...own, time, { name: 'key_', type: 'string' }] };
  writeFileSync(join(directory, `${name}.avsc`), JSON.stringify(schema));
  const read = format === undefined ? '' : `, format: ${JSON.stringify(format)}`;
  const watermark = 'watermark: { outOfOrderness: 1h }';
  return `  ${name}: { schema: ./${name}.avsc, key: ${key ?? 'key_'}, eventTime: t, ${watermark}${read} }\n`;
}

/** The streams and the view of a case, as a pipeline file has them. */
export function written(each: SaidCase, i: number, directory: string): { streams: string; view: string } {
  const { fields, sql, right, csv, json } = each;
  const format = json === undefined ? csv && { csv } : { jsonl: json };
  const statement = sql
    .replace(/\b((?:FROM|JOIN) (?:\w+\()?)(s|r)\b/g, `$1$2${i}`)
    .replace('SELECT *', `SELECT ${Object.keys(fields).map((name) => `"${name}"`)}`);
  return {
    streams:
      streamOf(each, `s${i}`, directory, format) + (right === undefined ? '' : streamOf(right, `r${i}`, directory)),
    view: `  v${i}: ${JSON.stringify(statement)}\n`,
  };
}

/** In the place of the second value: the row of the key is gone. */
const GONE = '$gone';

const events = ({ fields, at, in: all }: Pick<Side, 'fields' | 'at' | 'in'>) =>
  all.map((values, n) => {
    const [key = ''] = Object.keys(fields);
    if (values[1] === GONE) return { $tombstone: true, [key]: values[0], t: at?.[n] ?? n * 1000 };
    const own = Object.keys(fields).map((name, place) => [name, values[place] ?? null] as const);
    return { ...Object.fromEntries(own), t: at?.[n] ?? n * 1000, key_: 'k' };
  });

/** Lines of a script of several streams: what goes in. */
export const linesOf = (each: SaidCase, i: number): readonly object[] => [
  ...(each.right === undefined ? [] : events(each.right).map((row) => ({ $stream: `r${i}`, ...row }))),
  ...events(each).map((row) => ({ $stream: `s${i}`, ...row })),
];

/** What goes in as a file of CSV, with the delimiter that the case has. */
export function csvOf(each: SaidCase): string {
  const delimiter = String(each.csv?.delimiter ?? ',');
  const all = events(each);
  return [Object.keys(all[0] ?? {}), ...all.map((row) => Object.values(row))]
    .map((cells) => `${cells.join(delimiter)}\n`)
    .join('');
}
