/** ksqlDB's query validation tests, as far as they are said here: all of them in one pipeline, each with a stream and a view. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';
import { temporaryDirectory } from './script-run.ts';

const FILE = new URL('../fixtures/ksqldb/cases.yaml', import.meta.url);

const fieldType = z.union([z.string(), z.record(z.string(), z.string())]);
const cases = z
  .array(
    z.strictObject({
      file: z.string(),
      name: z.string(),
      fields: z.record(z.string(), fieldType),
      sql: z.string(),
      at: z.array(z.number()).optional(),
      in: z.array(z.array(z.unknown())).default([]),
      out: z.array(z.array(z.unknown())).default([]),
      refused: z.string().optional(),
    }),
  )
  .parse(parse(readFileSync(FILE, 'utf8')));
type Case = (typeof cases)[number];

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function avro(type: z.output<typeof fieldType>, name: string): unknown {
  if (typeof type === 'object') {
    const fields = Object.entries(type).map(([own, of]) => ({ name: own, type: avro(of, `${name}_${own}`) }));
    return ['null', { type: 'record', name, fields }];
  }
  const [, digits] = /^decimal\((\d+),(\d+)\)$/.exec(type) === null ? [] : type.split(/[(,)]/);
  if (digits !== undefined) {
    const [precision = 0, scale = 0] = type.split(/[(,)]/).slice(1).map(Number);
    return ['null', { type: 'bytes', logicalType: 'decimal', precision, scale }];
  }
  if (type.endsWith('[]')) return ['null', { type: 'array', items: ['null', type.slice(0, -2)] }];
  if (type.startsWith('map<')) return ['null', { type: 'map', values: type.slice(4, -1) }];
  return ['null', type];
}

/** The stream and the view of a case, as a pipeline file has them. */
function written({ fields, sql }: Case, i: number, directory: string): { stream: string; view: string } {
  const own = Object.entries(fields).map(([name, type]) => ({ name, type: avro(type, `${name}_${i}`) }));
  const time = { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } };
  const schema = { type: 'record', name: `Row${i}`, fields: [...own, time, { name: 'key_', type: 'string' }] };
  writeFileSync(join(directory, `s${i}.avsc`), JSON.stringify(schema));
  const statement = sql
    .replace(/\b(FROM (?:\w+\()?)s\b/, `$1s${i}`)
    .replace('SELECT *', `SELECT ${Object.keys(fields)}`);
  return {
    stream: `  s${i}: { schema: ./s${i}.avsc, key: key_, eventTime: t, watermark: { outOfOrderness: 1h } }\n`,
    view: `  v${i}: ${JSON.stringify(statement)}\n`,
  };
}

const rowsOf = ({ fields, at, in: rows }: Case, i: number) =>
  rows.map((values, n) => {
    const own = Object.keys(fields).map((name, place) => [name, values[place] ?? null] as const);
    return { $stream: `s${i}`, ...Object.fromEntries(own), t: at?.[n] ?? n * 1000, key_: 'k' };
  });

/** The last digit of a logarithm is that of the machine. */
const rounded = (value: unknown): unknown => (typeof value === 'number' ? Number(value.toPrecision(15)) : value);

const taken = cases.filter(({ refused }) => refused === undefined);
const refused = cases.flatMap((each) => (each.refused === undefined ? [] : [{ ...each, refused: each.refused }]));

test('cases of ksqlDB have its results', async () => {
  const directory = temporaryDirectory();
  const all = taken.map((each, i) => written(each, i, directory));
  const file = join(directory, 'pipeline.yaml');
  const [streams, views] = [all.map(({ stream }) => stream).join(''), all.map(({ view }) => view).join('')];
  writeFileSync(
    file,
    `streams:\n${streams}views:\n${views}stores: { sqlite: false, duckdb: false }\njournal: { durability: os }\n`,
  );
  const script = join(directory, 'script.jsonl');
  writeFileSync(
    script,
    taken
      .flatMap(rowsOf)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  );
  const given = new Map<string, unknown[][]>();
  await runInputs({
    config: loadConfig(file, {}),
    logger: SILENT,
    inputs: [{ stream: 's0', file: script }],
    temporary: true,
    flush: true,
    only: [],
    async output(lines) {
      for await (const line of lines) {
        const { stream, revision, at, ts, ...columns } = JSON.parse(line);
        given.set(stream, [...(given.get(stream) ?? []), Object.values(columns).map(rounded)]);
      }
    },
    onProgress() {},
  });
  for (const [i, { file: source, name, sql, out }] of taken.entries()) {
    const rows = given.get(`v${i}`) ?? [];
    const wanted = out.map((row) => row.map(rounded));
    const inOrder = (all: readonly unknown[][]) => all.map((row) => JSON.stringify(row)).toSorted();
    const isGrouped = sql.includes('GROUP BY');
    expect([source, name, isGrouped ? inOrder(rows) : rows]).toEqual([
      source,
      name,
      isGrouped ? inOrder(wanted) : wanted,
    ]);
  }
});

describe('what ksqlDB refuses is refused', () => {
  test.each(refused)('$file: $name', (each) => {
    const directory = temporaryDirectory();
    const { stream, view } = written(each, 0, directory);
    const file = join(directory, 'pipeline.yaml');
    writeFileSync(file, `streams:\n${stream}views:\n${view}`);
    expect(() => loadConfig(file, {})).toThrow(each.refused);
  });
});
