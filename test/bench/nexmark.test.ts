/**
 * The queries of the Nexmark benchmark are right: each pipeline file is run over a small input, and gives what DuckDB does
 * with the published query, near enough as it is published, over the same events.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { nexmarkEvents } from '../../bench/nexmark/generator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';
import { temporaryDirectory } from '../service/script-run.ts';

const STREAMS = ['bids', 'auctions', 'persons'];
const EVENTS = 20_000;
/** Slow enough that the input has a few windows, and that bidders pause. */
const EVENTS_PER_SECOND = 500;
const TUMBLE = 'dateTime - dateTime % 10000';

/** What is compared of a result, by dotted paths, and the query whose columns it is compared with. */
interface Query {
  readonly fields: readonly string[];
  readonly sql: string;
}

const QUERIES: Readonly<Record<string, Query>> = {
  q0: {
    fields: ['auction', 'bidder', 'price', 'dateTime', 'extra', 'ts'],
    sql: 'SELECT auction, bidder, price, dateTime, extra, dateTime AS ts FROM bids',
  },
  q1: {
    fields: ['auction', 'bidder', 'price', 'dateTime', 'extra', 'ts'],
    sql: 'SELECT auction, bidder, (price * 0.908)::DOUBLE AS price, dateTime, extra, dateTime AS ts FROM bids',
  },
  q2: {
    fields: ['auction', 'price', 'ts'],
    sql: 'SELECT auction, price, dateTime AS ts FROM bids WHERE auction % 123 = 0',
  },
  q5: {
    fields: ['key', 'start', 'end', 'num'],
    sql: `WITH counts AS (SELECT auction, start, count(*) AS num
        FROM (SELECT auction, unnest([dateTime - dateTime % 2000 - 2000 * i FOR i IN range(5)]) AS start FROM bids)
        GROUP BY ALL)
      SELECT auction::VARCHAR AS key, start, start + 10000 AS "end", num
      FROM counts JOIN (SELECT start, max(num) AS most FROM counts GROUP BY ALL) USING (start) WHERE num >= most`,
  },
  q7: {
    fields: ['start', 'auction', 'bidder', 'price', 'dateTime', 'extra'],
    sql: `SELECT start, auction, bidder, price, dateTime, extra
      FROM (SELECT *, ${TUMBLE} AS start FROM bids)
      JOIN (SELECT max(price) AS price, ${TUMBLE} AS start FROM bids GROUP BY ALL) USING (start, price)`,
  },
  // Published it is this without the auctions, each row once.
  q8: {
    fields: ['key', 'left.name', 'left.dateTime', 'right.id', 'right.dateTime', 'ts'],
    sql: `SELECT p.id::VARCHAR AS key, p.name AS "left.name", p.dateTime AS "left.dateTime", a.id AS "right.id",
        a.dateTime AS "right.dateTime", greatest(p.dateTime, a.dateTime) AS ts
      FROM (SELECT *, ${TUMBLE} AS start FROM persons) p
      JOIN (SELECT *, ${TUMBLE} AS start FROM auctions) a ON p.id = a.seller AND p.start = a.start`,
  },
  q11: {
    fields: ['key', 'start', 'end', 'bid_count'],
    sql: `SELECT bidder::VARCHAR AS key, min(dateTime) AS start, max(dateTime) + 10000 AS "end", count(*) AS bid_count
      FROM (SELECT *, sum(opens) OVER (PARTITION BY bidder ORDER BY dateTime, n) AS session
        FROM (SELECT *, CASE WHEN dateTime - lag(dateTime) OVER (PARTITION BY bidder ORDER BY dateTime, n) <= 10000
          THEN 0 ELSE 1 END AS opens
          FROM (SELECT *, row_number() OVER () AS n FROM bids)))
      GROUP BY bidder, session`,
  },
  q12: {
    fields: ['key', 'start', 'end', 'bid_count'],
    sql: `SELECT bidder::VARCHAR AS key, ${TUMBLE} AS start, ${TUMBLE} + 10000 AS "end", count(*) AS bid_count
      FROM bids GROUP BY ALL`,
  },
};

test.each(Object.keys(QUERIES))('%s is what SQL says over the same events', async (query) => {
  const { fields, sql } = QUERIES[query]!;
  const directory = temporaryDirectory();
  const files = writeEvents(directory);
  const expected = await ask(files, sql);
  expect(expected.length).toBeGreaterThan(3);
  const given = await resultsOf(query, files);
  const rows = given.map((line) => fields.map((field) => valueAt(line, field)));
  expect(sorted(rows)).toEqual(sorted(expected.map((row) => fields.map((field) => row[field]))));
});

type Files = ReadonlyMap<string, string>;

function writeEvents(directory: string): Files {
  const lines = new Map<string, string[]>(STREAMS.map((stream) => [stream, []]));
  for (const { stream, event } of nexmarkEvents(EVENTS, 7, EVENTS_PER_SECOND)) {
    lines.get(stream)?.push(JSON.stringify(event));
  }
  const files = new Map(STREAMS.map((stream) => [stream, join(directory, `${stream}.jsonl`)]));
  for (const [stream, file] of files) writeFileSync(file, (lines.get(stream) ?? []).join('\n'));
  return files;
}

async function resultsOf(query: string, files: Files): Promise<Record<string, unknown>[]> {
  const given: string[] = [];
  await runInputs({
    config: loadConfig(new URL(`../../bench/nexmark/${query}.yaml`, import.meta.url).pathname, {}),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [...files].map(([stream, file]) => ({ stream, file })),
    temporary: true,
    flush: true,
    only: [query],
    async output(lines) {
      for await (const line of lines) given.push(line);
    },
    onProgress() {},
  });
  return given.map((line) => JSON.parse(line));
}

async function ask(files: Files, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    for (const [stream, file] of files) {
      await connection.run(`CREATE VIEW ${stream} AS SELECT * FROM read_json('${file}', format = 'newline_delimited')`);
    }
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS();
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
      ),
    );
  } finally {
    connection.closeSync();
  }
}

function valueAt(line: unknown, path: string): unknown {
  return path.split('.').reduce((value, name) => Object(value)[name], line);
}

function sorted(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
