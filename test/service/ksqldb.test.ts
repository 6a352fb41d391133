/** ksqlDB's query validation tests, as far as they are said here: all of them in one pipeline, each with a stream and a view. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';
import { chosenCases, csvOf, drawnCases, linesOf, type SaidCase, written } from './ksqldb-cases.ts';
import { temporaryDirectory } from './script-run.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const cases = [...chosenCases, ...drawnCases].filter((each): each is SaidCase => 'sql' in each);

/** The last digit of a logarithm is that of the machine. */
const rounded = (value: unknown): unknown => (typeof value === 'number' ? Number(value.toPrecision(15)) : value);

const taken = cases.filter(({ refused }) => refused === undefined);
const refused = cases.flatMap((each) => (each.refused === undefined ? [] : [{ ...each, refused: each.refused }]));

/** What the view of each case gave: all of them in one pipeline, read from one script or from a file of CSV each. */
async function resultsOf(said: readonly SaidCase[], isCsv: boolean): Promise<unknown[][][]> {
  const directory = temporaryDirectory();
  const all = said.map((each, i) => written(each, i, directory));
  const file = join(directory, 'pipeline.yaml');
  const [streams, views] = [all.map((each) => each.streams).join(''), all.map(({ view }) => view).join('')];
  const settings = 'stores: { sqlite: false, duckdb: false }\njournal: { durability: os }\n';
  writeFileSync(file, `streams:\n${streams}views:\n${views}${settings}`);
  const inputs = isCsv
    ? said.map((each, i) => ({ stream: `s${i}`, file: join(directory, `s${i}.csv`), text: csvOf(each) }))
    : [{ stream: 's0', file: join(directory, 'script.jsonl'), text: jsonLines(said.flatMap(linesOf)) }];
  for (const input of inputs) writeFileSync(input.file, input.text);
  const given = said.map((): unknown[][] => []);
  await runInputs({
    config: loadConfig(file, {}),
    logger: SILENT,
    inputs,
    temporary: true,
    flush: true,
    only: said.map((_, i) => `v${i}`),
    async output(lines) {
      for await (const line of lines) {
        const { stream, revision, at, ts, ...columns } = JSON.parse(line);
        given[Number(stream.slice(1))]?.push(Object.values(columns).map(rounded));
      }
    },
    onProgress() {},
  });
  return given;
}

const jsonLines = (all: readonly object[]): string => all.map((line) => `${JSON.stringify(line)}\n`).join('');

test.each([false, true])('cases of ksqlDB have its results (from CSV: %s)', async (isCsv) => {
  const said = taken.filter(({ csv }) => (csv !== undefined) === isCsv);
  const given = await resultsOf(said, isCsv);
  for (const [i, { file, name, sql, out }] of said.entries()) {
    const wanted = out.map((row) => row.map(rounded));
    const inOrder = (all: readonly unknown[][]) =>
      sql.includes('GROUP BY') ? all.map((row) => JSON.stringify(row)).toSorted() : all;
    expect.soft([file, name, inOrder(given[i] ?? [])]).toEqual([file, name, inOrder(wanted)]);
  }
});

describe('what ksqlDB refuses is refused', () => {
  test.each(refused)('$file: $name', (each) => {
    const directory = temporaryDirectory();
    const { streams, view } = written(each, 0, directory);
    const file = join(directory, 'pipeline.yaml');
    writeFileSync(file, `streams:\n${streams}views:\n${view}`);
    expect(() => loadConfig(file, {})).toThrow(each.refused);
  });
});
