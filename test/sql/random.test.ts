/** Random expressions over random rows, beside DuckDB: what it parses, how it groups, and what it computes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import type { Checked } from '../../src/sql/checked.ts';
import { compileExpression } from '../../src/sql/compile.ts';
import { bindCondition, bindNumber, bindValue } from '../../src/sql/compiled.ts';
import { ExpressionError } from '../../src/sql/expression-error.ts';
import { parseExpression } from '../../src/sql/parse.ts';
import { SqlError, type SqlValue } from '../../src/sql/value.ts';
import { textOf } from '../../src/sql/value-text.ts';
import { duckdbRows } from './duckdb.ts';

const SCHEMA = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'a', type: ['null', 'long'] },
    { name: 'b', type: 'long' },
    { name: 'x', type: ['null', 'double'] },
    { name: 's', type: ['null', 'string'] },
    { name: 't', type: 'string' },
    { name: 'on', type: ['null', 'boolean'] },
    { name: 'd', type: ['null', { type: 'int', logicalType: 'date' }] },
    { name: 'w', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const satisfies AvroRecord;
const TYPES = 'a BIGINT, b BIGINT, x DOUBLE, s VARCHAR, t VARCHAR, "on" BOOLEAN, d DATE, w TIMESTAMP';

const word = fc.constantFrom('', 'a', 'b', 'ab', 'é', '🙂', '\uffee', "it's", '12', '1.5', ' 7 ', '2026-01-31', 'a%');
const long = fc.oneof(fc.integer({ min: -4, max: 9 }), fc.constantFrom(2 ** 53 - 1, -(2 ** 53 - 1), 10 ** 15));
const row = fc.record({
  a: fc.option(long),
  b: long,
  x: fc.option(
    fc.oneof(
      fc.integer({ min: -4, max: 9 }),
      fc.integer({ min: -1e9, max: 1e9 }).map((whole) => whole / 1000),
    ),
  ),
  s: fc.option(word),
  t: word,
  on: fc.option(fc.boolean()),
  d: fc.option(fc.integer({ min: 20_000, max: 20_600 })),
  w: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

const join = (...parts: readonly string[]): string => parts.join(' ');
const quoted = word.map((text) => `'${text.replaceAll("'", "''")}'`);
/** A whole number alone is an INTEGER in DuckDB, with an overflow at 32 bits. */
const wholeText = fc
  .oneof(fc.nat(12).map(String), fc.constantFrom('9007199254740991'))
  .map((text) => `${text}::BIGINT`);
const decimalText = fc.tuple(fc.nat(99), fc.nat(99)).map(([whole, part]) => `${whole}.${part}`);

const { number, text, truth, time } = fc.letrec<Record<'number' | 'text' | 'truth' | 'time' | 'interval', string>>(
  (tie) => {
    const [n, s, c, w, i] = [tie('number'), tie('text'), tie('truth'), tie('time'), tie('interval')];
    const branches = (of: fc.Arbitrary<string>) =>
      fc.oneof(
        fc.tuple(c, of, of).map(([when, x, y]) => join('CASE WHEN', when, 'THEN', x, 'ELSE', y, 'END')),
        fc.tuple(of, of).map(([x, y]) => `coalesce(${x}, ${y})`),
        of.map((x) => `(${x})`),
      );
    return {
      number: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('a', 'b', 'x', 'A'),
        fc.oneof(
          wholeText,
          decimalText,
          fc.nat(9).map((whole) => `${whole}e0`),
        ),
        fc.tuple(n, fc.constantFrom('+', '-'), n).map((parts) => join(...parts)),
        // Beyond 64 bits both fail, but not both on what a condition leaves out.
        fc.tuple(n, fc.nat(9)).map(([x, factor]) => join(x, '*', `${factor}::BIGINT`)),
        // What is not finite is null here, and part of the next operation in DuckDB.
        fc.tuple(n, fc.constantFrom('/', '%', '//'), n).map(([x, operator, y]) => join(x, operator, `nullif(${y}, 0)`)),
        n.map((x) => `- ${x}`),
        branches(n),
        n.map((x) => `TRY_CAST(${x} AS BIGINT)`),
        n.map((x) => `CAST(${x} AS DOUBLE)`),
        s.map((x) => `TRY_CAST(${x} AS DECIMAL(9, 2))`),
        s.map((x) => `length(${x})`),
        n.map((x) => `abs(${x})`),
      ),
      text: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('s', 't'),
        quoted,
        fc.tuple(s, fc.oneof(s, n, c, w)).map(([x, y]) => join(x, '||', `(${y})`)),
        fc.oneof(c, w).map((x) => `CAST(${x} AS VARCHAR)`),
        branches(s),
        s.map((x) => `upper(${x})`),
        s.map((x) => `(${x})[2:]`),
      ),
      truth: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('"on"', 'TRUE', 'FALSE'),
        ...[n, s, w].map((of) =>
          fc.tuple(of, fc.constantFrom('=', '<>', '<', '<=', '>', '>=', '!='), of).map((parts) => join(...parts)),
        ),
        ...[n, s].map((of) =>
          fc
            .tuple(of, fc.constantFrom('IN', 'NOT IN'), fc.array(of, { minLength: 1, maxLength: 3 }))
            .map(([x, word_, list]) => join(x, word_, `(${list.join(', ')})`)),
        ),
        fc
          .tuple(n, fc.constantFrom('BETWEEN', 'NOT BETWEEN'), n, n)
          .map(([x, b, y, z]) => join(x, b, `(${y}) AND (${z})`)),
        fc.tuple(s, fc.constantFrom('LIKE', 'NOT LIKE', 'ILIKE'), quoted).map((parts) => join(...parts)),
        fc.oneof(n, s, c).chain((x) => fc.constantFrom('IS NULL', 'IS NOT NULL').map((is) => join(x, is))),
        c.chain((x) => fc.constantFrom('IS TRUE', 'IS NOT FALSE', 'IS UNKNOWN').map((is) => join(x, is))),
        fc.tuple(n, fc.constantFrom('IS DISTINCT FROM', 'IS NOT DISTINCT FROM'), n).map((parts) => join(...parts)),
        fc.tuple(c, fc.constantFrom('AND', 'OR'), c).map((parts) => join(...parts)),
        c.map((x) => `NOT ${x}`),
        branches(c),
      ),
      time: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('d', 'w', "DATE '2026-02-28'", "TIMESTAMP '2026-01-31 12:30:00'"),
        fc.tuple(w, fc.constantFrom('+', '-'), i).map((parts) => join(...parts)),
        w.map((x) => `CAST(${x} AS DATE)`),
        branches(w),
      ),
      interval: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(
          "INTERVAL '1' DAY",
          'INTERVAL 90 MINUTES',
          "INTERVAL '1 month 2 days'",
          'INTERVAL (b % 5) HOURS',
        ),
        fc.tuple(i, fc.constantFrom('+', '-'), i).map((parts) => `(${join(...parts)})`),
      ),
    };
  },
);

const EXPRESSIONS = 150;
const ROWS = 12;

interface Outcome {
  readonly type: string;
  readonly values: readonly (string | null)[];
}

/** The text of each row's value, "fault" for one that fails; by both tiers, which have to agree. */
function outcomeOf(checked: Checked, rows: readonly Row[]): (string | null)[] {
  const type = dynamicEventType(SCHEMA);
  const block = type.encodeBlock(rows);
  const made = [type.columns(block), columnsOfEvents(rows)].map((columns) => {
    const at = bindValue(checked, columns);
    const { kind } = checked.type;
    const fast =
      kind === 'boolean'
        ? bindCondition(checked, columns)
        : kind === 'bigint' || kind === 'double'
          ? bindNumber(checked, columns, () => {})
          : null;
    return rows.map((_, i) => {
      const value = outcome(() => at(i));
      if (fast !== null)
        expectSame(
          outcome(() => fast(i)),
          value,
          kind,
        );
      return value === null || value === 'fault' ? value : textOf(checked.type)(value);
    });
  });
  expect(made[1]).toEqual(made[0]);
  return made[0] ?? [];
}

function outcome<T>(run: () => T): T | 'fault' {
  try {
    return run();
  } catch (error) {
    if (error instanceof SqlError) return 'fault';
    throw error;
  }
}

function expectSame(fast: boolean | number | string, value: SqlValue, kind: string): void {
  if (kind === 'boolean') expect(fast).toBe(value === 'fault' ? 'fault' : value === true);
  else if (value === null) expect(fast).toBeNaN();
  else expect(typeof fast === 'number' ? fast + 0 : fast).toBe(value === 'fault' ? 'fault' : Number(value) + 0);
}

test('random expressions are refused by both or by none, and give what DuckDB gives', async () => {
  const rows = fc.sample(row, ROWS);
  const some = fc.sample(fc.oneof(number, text, truth, time), EXPRESSIONS);
  const sound = some.flatMap((expression) => {
    const checked = compiledOrNull(expression);
    return checked === null ? [] : [{ expression, checked }];
  });
  expect(sound.length).toBeGreaterThan(EXPRESSIONS / 2);
  const theirs = await Promise.all(sound.map(({ expression }) => inDuckdb(expression, rows)));
  const differing = sound.flatMap(({ expression, checked }, i) => {
    const own: Outcome = { type: checked.type.kind, values: outcomeOf(checked, rows) };
    return own.values.flatMap((value, k) => {
      const other = theirs[i]?.[k] ?? null;
      return isSame(value, other, own.type)
        ? []
        : [`${expression} of ${JSON.stringify(rows[k])}: here ${value}, in DuckDB ${other}`];
    });
  });
  expect(differing.slice(0, 10)).toEqual([]);
});

function compiledOrNull(expression: string): Checked | null {
  try {
    return compileExpression(expression, SCHEMA);
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

async function inDuckdb(expression: string, rows: readonly Row[]): Promise<(string | null)[]> {
  const values = rows.map(
    ({ a, b, x, s, t, on, d, w }, i) =>
      `(${i}, ${a}, ${b}, ${x === null ? null : `'${x}'`}, ${literal(s)}, ${literal(t)}, ${on}, ${d === null ? null : `DATE '1970-01-01' + ${d}`}, make_timestamp(${w} * 1000))`,
  );
  const columns = TYPES.split(', ').map((column) => {
    const [name, type] = column.split(' ');
    return `CAST(${name} AS ${type}) AS ${name}`;
  });
  const from = `(SELECT i, ${columns.join(', ')} FROM (VALUES ${values.join(', ')}) v(i, a, b, x, s, t, "on", d, w))`;
  const answer = await duckdbRows(`SELECT TRY(CAST((${expression}) AS VARCHAR)) FROM ${from} ORDER BY i`);
  return answer.map(([value = null]) => (value === null ? null : String(value)));
}

function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}

/** What is not finite is null here, and a fault is null by TRY. Sums of doubles are the same to the last digit. */
function isSame(own: string | null, other: string | null, type: string): boolean {
  const mine = own === 'fault' ? null : own;
  const theirs = other === 'inf' || other === '-inf' || other === 'nan' ? null : other;
  if (type === 'double' && mine !== null && theirs !== null) return Number(mine) === Number(theirs);
  return mine === theirs;
}

/**
 * What DuckDB takes beside: statements that begin with FROM, any type before a text, IN without brackets, NOT NULL behind a
 * value. What it refuses by its grammar and we by types: a field of a number.
 */
const NOT_HERE = /^from|is missing before 't'|'t' is|^is 't'|\( is missing before| not null| \. /;

/** Words that are names only in double quotes in DuckDB, and here where nothing else can be meant. */
const RESERVED = new Set(['case', 'when', 'then', 'else', 'end', 'cast', 'as', 'like', 'distinct', 'from', 'between']);

test('random words are an expression here where they are one in DuckDB, and else where a reserved word is a name', async () => {
  const words = fc.constantFrom(
    ...['a', 'b', '1', "'t'", '+', '*', '=', '<', 'and', 'or', 'not', 'in', 'is', 'null', 'between', 'like', '(', ')'],
    ...[
      'case',
      'when',
      'then',
      'else',
      'end',
      '::',
      'varchar',
      '[',
      ']',
      'cast',
      'as',
      '.',
      'true',
      'distinct',
      'from',
    ],
  );
  const all = fc.sample(
    fc.array(words, { minLength: 1, maxLength: 7 }).map((some) => some.join(' ')),
    2000,
  );
  const list = all.map((each, i) => `(${i}, ${literal(`SELECT (${each})`)})`).join(', ');
  const answer = await duckdbRows(
    `SELECT json_serialize_sql(q)::JSON ->> 'error' FROM (VALUES ${list}) v(i, q) ORDER BY i`,
  );
  const differing = all.flatMap((each, i) => {
    const isTaken = answer[i]?.[0] === 'false';
    const own = outcomeOfParse(each);
    if (
      NOT_HERE.test(each) ||
      NOT_HERE.test(own) ||
      own === 'a reserved word is a name' ||
      /there is no type/.test(own)
    )
      return [];
    return isTaken === (own === 'taken')
      ? []
      : [`${each}: ${isTaken ? 'taken' : 'refused'} by DuckDB, and here ${own}`];
  });
  expect(differing).toEqual([]);
});

function outcomeOfParse(expression: string): string {
  let isReserved = false;
  try {
    JSON.stringify(parseExpression(expression), (key, value: unknown) => {
      if (key === 'names' && Array.isArray(value)) isReserved ||= value.some((name) => RESERVED.has(String(name)));
      if (key === 'name') isReserved ||= RESERVED.has(String(value));
      return typeof value === 'bigint' ? String(value) : value;
    });
    return isReserved ? 'a reserved word is a name' : 'taken';
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}
