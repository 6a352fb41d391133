/** Rules for the columns of a table, their number and their types, and for the number of its rows. No row is looked at. */
import { nameHint } from '../../nearest-word.ts';
import { boundsText, isWithin } from './bounds.ts';
import { type Check, numberOf, type Table } from './check.ts';
import { PASSED, type Verdict } from './result.ts';
import type { Bounds, RowCountRule, ShapeRule } from './suite.ts';
import { CheckError, columnNamed, type TableColumn } from './table-column.ts';

export function rowCountCheck(rule: RowCountRule): Check {
  return {
    scan: ['count(*)'],
    statement: null,
    samples: null,
    judge([count]) {
      const rows = numberOf(count);
      const result = { observed_value: rows };
      const isEqual = rule.type === 'expect_table_row_count_to_equal';
      const isMet = isEqual ? rows === rule.value : isWithin(rows, inclusive(rule));
      const wanted = isEqual ? String(rule.value) : boundsText(inclusive(rule));
      return isMet
        ? { ...PASSED, result }
        : { outcome: 'failed', message: `there are ${rows} rows, not ${wanted}`, result };
    },
  };
}

function inclusive({ min_value, max_value }: Pick<Bounds, 'min_value' | 'max_value'>): Bounds {
  return { min_value, max_value, strict_min: false, strict_max: false };
}

/** Throws a CheckError for a type that nothing has, and for the type of a column that is not there. */
export function shapeCheck(rule: ShapeRule, { columns }: Table): Check {
  const verdict = verdictOf(rule, columns);
  return { scan: [], statement: null, samples: null, judge: () => verdict };
}

function verdictOf(rule: ShapeRule, columns: readonly TableColumn[]): Verdict {
  const names = columns.map(({ name }) => name);
  const of = (problems: readonly string[], result: Verdict['result']): Verdict =>
    problems.length === 0 ? { ...PASSED, result } : { outcome: 'failed', message: problems.join('; '), result };
  switch (rule.type) {
    case 'expect_column_to_exist': {
      const at = names.indexOf(rule.column);
      if (at < 0) return of([`there is no column ${JSON.stringify(rule.column)}; ${nameHint(rule.column, names)}`], {});
      const isElsewhere = rule.column_index !== null && rule.column_index !== at;
      return of(isElsewhere ? [`the column is number ${at}, not ${rule.column_index}, counted from 0`] : [], {});
    }
    case 'expect_table_columns_to_match_set': {
      const missing = rule.column_set.filter((name) => !names.includes(name));
      const unexpected = names.filter((name) => !rule.column_set.includes(name));
      const mismatched = { missing, ...(rule.exact_match ? { unexpected } : {}) };
      return of(
        [
          ...(missing.length > 0 ? [`there is no column ${missing.join(', ')}`] : []),
          ...(rule.exact_match && unexpected.length > 0 ? [`${unexpected.join(', ')} is not expected`] : []),
        ],
        { observed_value: names, details: { mismatched } },
      );
    }
    case 'expect_table_columns_to_match_ordered_list': {
      const length = Math.max(names.length, rule.column_list.length);
      const wrong = Array.from({ length }, (_, i) => i).filter((i) => names[i] !== rule.column_list[i]);
      const problems = wrong.map(
        (i) => `column ${i} is ${names[i] ?? 'missing'}, not ${rule.column_list[i] ?? 'expected'}`,
      );
      return of(problems, { observed_value: names });
    }
    case 'expect_table_column_count_to_be_between': {
      const isMet = isWithin(names.length, inclusive(rule));
      const problem = `there are ${names.length} columns, not ${boundsText(inclusive(rule))}`;
      return of(isMet ? [] : [problem], { observed_value: names.length });
    }
    case 'expect_column_values_to_be_of_type':
    case 'expect_column_values_to_be_in_type_list': {
      const column = columnNamed(columns, rule.column);
      const wanted = rule.type === 'expect_column_values_to_be_of_type' ? [rule.type_] : rule.type_list;
      const isMet = wanted.map((type) => isOfType(column, type)).includes(true);
      const problem = `${column.name} is ${column.type}, not ${wanted.join(' or ')}`;
      return of(isMet ? [] : [problem], { observed_value: column.type });
    }
    case 'expect_table_schema_to_match':
      return contractVerdict(rule, columns);
  }
}

/** Names of types by what DuckDB calls them: those of Avro and SQL, and those that pandas gives such a column. */
const TYPE_NAMES: Readonly<Record<string, readonly string[]>> = {
  TINYINT: ['int8', 'int', 'integer'],
  SMALLINT: ['int16', 'int', 'integer'],
  INTEGER: ['int32', 'int', 'int4', 'integer'],
  BIGINT: ['int64', 'long', 'int', 'int8', 'integer', 'bigint'],
  HUGEINT: ['int', 'integer'],
  UTINYINT: ['uint8', 'int', 'integer'],
  USMALLINT: ['uint16', 'int', 'integer'],
  UINTEGER: ['uint32', 'int', 'integer'],
  UBIGINT: ['uint64', 'int', 'integer'],
  FLOAT: ['float32', 'float', 'real'],
  DOUBLE: ['float64', 'double', 'float', 'double precision'],
  DECIMAL: ['decimal', 'numeric', 'number'],
  VARCHAR: ['string', 'str', 'text', 'object', 'varchar', 'char'],
  BOOLEAN: ['bool', 'boolean'],
  DATE: ['date'],
  TIME: ['time'],
  UUID: ['uuid'],
  BLOB: ['bytes', 'blob', 'bytea'],
  TIMESTAMP: [
    'timestamp',
    'timestamp-millis',
    'timestamp-micros',
    'datetime',
    'datetime64',
    'datetime64[ns]',
    'datetime64[us]',
    'datetime64[ms]',
  ],
  TIMESTAMP_S: ['timestamp', 'datetime64[s]', 'datetime'],
  TIMESTAMP_MS: ['timestamp', 'datetime64[ms]', 'datetime'],
  TIMESTAMP_NS: ['timestamp', 'datetime64[ns]', 'datetime'],
  'TIMESTAMP WITH TIME ZONE': ['timestamptz', 'timestamp with time zone', 'datetime64[ns, utc]', 'datetime64[us, utc]'],
};
const KNOWN_TYPES = [...new Set(Object.entries(TYPE_NAMES).flatMap(([type, names]) => [type.toLowerCase(), ...names]))];

function isOfType({ type }: TableColumn, wanted: string): boolean {
  const name = wanted.trim().toLowerCase();
  const plain = name.replace(/\(.*$/, '');
  if (name === type.toLowerCase()) return true;
  const own = type.replace(/\(.*$/, '');
  if (plain === name && own.toLowerCase() === name) return true;
  if (TYPE_NAMES[own]?.includes(name)) return true;
  const isKnown = KNOWN_TYPES.includes(plain) || /^(struct|map|list|union|enum)|\[\d*\]$/.test(name);
  if (!isKnown) throw new CheckError(`there is no type ${JSON.stringify(wanted)}; ${nameHint(name, KNOWN_TYPES)}`);
  return false;
}

type ContractRule = Extract<ShapeRule, { readonly type: 'expect_table_schema_to_match' }>;

/**
 * dlt's contract modes, of a table that is there. A column that is gone or has another type breaks every contract but
 * `evolve`, which only warns of it. A new column is taken by `evolve`, breaks `freeze`, and is named and not used by `discard`.
 */
function contractVerdict({ columns: wanted, mode }: ContractRule, columns: readonly TableColumn[]): Verdict {
  const names = columns.map(({ name }) => name);
  const gone = Object.keys(wanted).filter((name) => !names.includes(name));
  const changed = columns.filter((column) => {
    const type = wanted[column.name];
    return type !== undefined && !isOfType(column, type);
  });
  const added = names.filter((name) => wanted[name] === undefined);
  const result = {
    observed_value: Object.fromEntries(columns.map(({ name, type }) => [name, type])),
    details: { gone, changed: changed.map(({ name }) => name), added },
  };
  const broken = [
    ...(gone.length > 0 ? [`${gone.join(', ')} is gone`] : []),
    ...changed.map(({ name, type }) => `${name} is ${type}, not ${wanted[name]}`),
  ];
  const news = added.length > 0 ? [`${added.join(', ')} is new`] : [];
  const all = [...broken, ...news].join('; ');
  if (mode === 'freeze') return all === '' ? { ...PASSED, result } : { outcome: 'failed', message: all, result };
  if (broken.length > 0) return { outcome: mode === 'evolve' ? 'warning' : 'failed', message: all, result };
  if (mode === 'discard' && news.length > 0) return { outcome: 'warning', message: `${all}, and is not used`, result };
  return { ...PASSED, result };
}
