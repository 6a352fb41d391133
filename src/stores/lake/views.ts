/** The lake read back: a view a table, over the files that the manifest names. */
import type { StoreTable } from '../../projections/store-tables.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { PLACE_COLUMNS } from './columns.ts';
import { DELETED } from './deletions.ts';
import type { LakeFile, ManifestColumn, ManifestTable } from './manifest.ts';

const PLACES: readonly ManifestColumn[] = [
  { name: PLACE_COLUMNS[0], type: 'VARCHAR' },
  { name: PLACE_COLUMNS[1], type: 'BIGINT' },
];

/** All columns that files have or the next one will have: of a name, the newest type. */
export function columnsOf({ layouts }: Pick<ManifestTable, 'layouts'>): readonly ManifestColumn[] {
  const types = new Map<string, string>();
  // The newest in front, in their order; then what older files have beside.
  for (const layout of [...layouts].reverse()) {
    for (const { name, type } of layout) if (!types.has(name)) types.set(name, type);
  }
  return [...types].map(([name, type]) => ({ name, type }));
}

/** The rows of some files; `pathOf` says where a file is for DuckDB. A column that a file lacks is null. */
export function filesSql(table: ManifestTable, files: readonly LakeFile[], pathOf: (path: string) => string): string {
  const columns = [...columnsOf(table), ...PLACES];
  const parts = table.layouts.flatMap((layout, index) => {
    const own = files.filter((file) => file.layout === index);
    if (own.length === 0) return [];
    const has = new Set([...layout, ...PLACES].map(({ name }) => name));
    const selected = columns.map(
      ({ name, type }) => `${has.has(name) ? quotedName(name) : 'NULL'}::${type} AS ${quotedName(name)}`,
    );
    const paths = own.map(({ path }) => quotedText(pathOf(path))).join(', ');
    return [`SELECT ${selected.join(', ')} FROM read_parquet([${paths}], hive_partitioning = false)`];
  });
  if (parts.length > 0) return parts.join(' UNION ALL ');
  return `SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${quotedName(name)}`).join(', ')} WHERE false`;
}

/**
 * A row an event, as the files have them; of a window the newest result of each group, which one of no events takes back. Without
 * a window the view is all that there is. A stream has a second view, `<stream>.newest`, with the newest event of each key, unless a
 * tombstone is newer.
 */
export function viewsSql(of: StoreTable, table: ManifestTable, pathOf: (path: string) => string): string[] {
  const all = filesSql(table, table.files, pathOf);
  const revision = of.columns.find(({ path }) => path === 'revision');
  if (of.role === 'window' && revision !== undefined) return [view(of.of, newestSql(all, of.key, revision.name))];
  if (of.role !== 'stream') return [view(of.of, all)];
  const mark = quotedName(DELETED.name);
  // Files of before there was a mark have none.
  const marked = `SELECT * REPLACE (coalesce(${mark}, false) AS ${mark}) FROM (${all})`;
  const newest = newestSql(`FROM ${quotedName(of.of)}`, of.key, of.time);
  return [
    view(of.of, marked),
    view(`${of.of}.newest`, `SELECT * EXCLUDE (${mark}) FROM (${newest}) WHERE NOT ${mark}`),
  ];
}

function view(name: string, sql: string): string {
  return `CREATE OR REPLACE VIEW ${quotedName(name)} AS ${sql}`;
}

function newestSql(from: string, key: readonly string[], by: string | null): string {
  const newest = [...(by === null ? [] : [by]), PLACE_COLUMNS[1]].map((name) => `${quotedName(name)} DESC`).join(', ');
  return `SELECT * FROM (${from})
    QUALIFY row_number() OVER (PARTITION BY ${key.map(quotedName).join(', ')} ORDER BY ${newest}) = 1`;
}
