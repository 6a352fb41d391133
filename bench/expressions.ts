/** Conditions over ten million rows, in one thread, beside DuckDB's filter over the same rows in memory. */
import { DuckDBInstance } from '@duckdb/node-api';
import type { AvroRecord } from '../src/messages/avro.ts';
import { dynamicEventType } from '../src/messages/codec.ts';
import { compileCondition } from '../src/sql/compile.ts';
import { bindCondition } from '../src/sql/compiled.ts';

const ROWS = 10_000_000;
const BLOCK = 10_000;
const ROUNDS = 3;

const SCHEMA = {
  type: 'record',
  name: 'Payment',
  fields: [
    { name: 'amount', type: 'long' },
    { name: 'price', type: 'double' },
    { name: 'visits', type: ['null', 'int'] },
    { name: 'status', type: 'string' },
    { name: 'country', type: 'string' },
  ],
} as const satisfies AvroRecord;

const CONDITIONS: Readonly<Record<string, string>> = {
  'one comparison': 'amount > 500',
  'five terms':
    "amount > 100 AND amount % 7 <> 3 AND price * 2 < 1500 AND status IN ('paid', 'open') AND (visits IS NULL OR country = 'DE')",
  'a text function': "upper(country) = 'DE' AND status LIKE 'p%'",
};

export interface ExpressionFigures {
  readonly condition: string;
  readonly taken: number;
  readonly nsPerRow: number;
  readonly duckdbNsPerRow: number;
}

/** Row i of every block; DuckDB has the same by SQL. */
function rowOf(i: number) {
  return {
    amount: (i * 37) % 1000,
    price: ((i * 61) % 10_000) / 10,
    visits: i % 3 === 0 ? null : i % 11,
    status: ['paid', 'open', 'void'][i % 3] ?? '',
    country: ['DE', 'AT', 'CH', 'FR'][i % 4] ?? '',
  };
}

const TABLE = `SELECT (i * 37) % 1000 AS amount, ((i * 61) % 10000) / 10 AS price,
  CASE WHEN i % 3 = 0 THEN NULL ELSE (i % 11)::INTEGER END AS visits,
  ['paid', 'open', 'void'][i % 3 + 1] AS status, ['DE', 'AT', 'CH', 'FR'][i % 4 + 1] AS country
  FROM (SELECT k % ${BLOCK} AS i FROM range(${ROWS}) t(k))`;

export async function runExpressions(): Promise<ExpressionFigures[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('SET threads = 1');
  await connection.run(`CREATE TABLE payments AS ${TABLE}`);
  const type = dynamicEventType(SCHEMA);
  const columns = type.columns(type.encodeBlock(Array.from({ length: BLOCK }, (_, i) => rowOf(i))));
  const figures: ExpressionFigures[] = [];
  for (const [name, where] of Object.entries(CONDITIONS)) {
    const condition = compileCondition(where, SCHEMA);
    let taken = 0;
    const own = best(() => {
      taken = 0;
      for (let block = 0; block < ROWS / BLOCK; block++) {
        const isTrue = bindCondition(condition, columns);
        for (let row = 0; row < BLOCK; row++) if (isTrue(row)) taken += 1;
      }
    });
    let count = 0;
    let duckdbNs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      const reader = await connection.runAndReadAll(`SELECT count(*) FROM payments WHERE ${where}`);
      duckdbNs = Math.min(duckdbNs, ((performance.now() - start) * 1e6) / ROWS);
      count = Number(reader.getRows()[0]?.[0]);
    }
    if (count !== taken) throw new Error(`${name}: DuckDB takes ${count} rows, and here are ${taken}`);
    figures.push({ condition: name, taken, nsPerRow: own, duckdbNsPerRow: Math.round(duckdbNs * 10) / 10 });
  }
  return figures;
}

function best(run: () => void): number {
  let ns = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    ns = Math.min(ns, ((user + system) * 1000) / ROWS);
  }
  return Math.round(ns * 10) / 10;
}
