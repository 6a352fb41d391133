/**
 * Words of DuckDB's SQL that another engine does not take, by the documentation of Spark 4.2 and Trino 476. A word that
 * the list does not name was not checked, or runs on all three. Texts, quoted names and comments are passed over.
 */

export type Dialect = 'spark' | 'trino';

export interface DialectNote {
  readonly message: string;
  /** Of the statement, from 1. */
  readonly character: number;
}

interface Form {
  readonly pattern: RegExp;
  readonly not: readonly Dialect[];
  /** What to write. */
  readonly instead: string;
}

const call = (name: string): RegExp => new RegExp(`\\b${name}\\s*\\(`, 'gi');
const BOTH: readonly Dialect[] = ['spark', 'trino'];

const FORMS: readonly Form[] = [
  {
    pattern: call('quantile_cont'),
    not: BOTH,
    instead: 'percentile_cont(q) WITHIN GROUP (ORDER BY x), which DuckDB and Spark have',
  },
  {
    pattern: call('approx_quantile'),
    not: BOTH,
    instead: 'approx_percentile on Spark and Trino: DuckDB has no such function',
  },
  { pattern: call('list'), not: BOTH, instead: 'array_agg(x)' },
  { pattern: call('strftime'), not: BOTH, instead: 'date_trunc(…) or CAST(… AS DATE)' },
  { pattern: call('arg_max'), not: BOTH, instead: 'max_by(x, y)' },
  { pattern: call('arg_min'), not: BOTH, instead: 'min_by(x, y)' },
  {
    pattern: call('read_(?:parquet|csv|json)(?:_auto)?'),
    not: BOTH,
    instead: 'a table: `engines.spark.tables`, or one of Trino’s catalog',
  },
  { pattern: call('date_diff'), not: ['spark'], instead: 'CAST(a AS DATE) - CAST(b AS DATE), or epochs' },
  { pattern: /\bEXCLUDE\b/gi, not: BOTH, instead: 'the columns by name' },
  { pattern: /\/\//g, not: BOTH, instead: 'floor(a / b)' },
  { pattern: /\bUSING\s+SAMPLE\b/gi, not: BOTH, instead: 'a condition on a hash' },
  { pattern: /\bQUALIFY\b/gi, not: ['trino'], instead: 'a condition around a subquery' },
  { pattern: /\bGROUP\s+BY\s+ALL\b/gi, not: ['trino'], instead: 'GROUP BY 1, 2' },
  { pattern: /\bORDER\s+BY\s+ALL\b/gi, not: ['trino'], instead: 'ORDER BY 1, 2' },
  { pattern: /::/g, not: ['trino'], instead: 'CAST(x AS type)' },
  { pattern: call('percentile_cont'), not: ['trino'], instead: 'approx_percentile(x, q)' },
  { pattern: call('median'), not: ['trino'], instead: 'approx_percentile(x, 0.5)' },
  { pattern: call('time_bucket'), not: ['trino'], instead: 'date_trunc(…)' },
  { pattern: /^\s*FROM\b/gi, not: ['trino'], instead: 'SELECT * FROM …' },
];

const NAMES: Readonly<Record<Dialect, string>> = { spark: 'Spark', trino: 'Trino' };

/** In the order of the statement. */
export function dialectNotes(sql: string, dialect: Dialect): DialectNote[] {
  const code = withoutTexts(sql);
  const notes = FORMS.filter(({ not }) => not.includes(dialect)).flatMap(({ pattern, instead }) =>
    [...code.matchAll(pattern)].map((found): DialectNote => {
      const indent = /^\s*/.exec(found[0])?.[0].length ?? 0;
      const word = found[0]
        .trim()
        .replace(/\s*\($/, '()')
        .replace(/\s+/g, ' ');
      return {
        message: `${NAMES[dialect]} does not take ${word}: write ${instead}`,
        character: found.index + indent + 1,
      };
    }),
  );
  return notes.sort((one, other) => one.character - other.character);
}

/** The same length, with blanks for what is in quotes and comments. */
function withoutTexts(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, (text) => text.replace(/[^\n]/g, ' '));
}
