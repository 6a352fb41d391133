/** The tables of the read models, as the API lists them. */
import type { TableInfo } from '../http/view.ts';
import type { Table, TableRead } from '../projections/table.ts';
import { TABLES } from '../tables.ts';

/** `isOn` says of a store whether the pipeline runs with it. */
export function tableInfos(isOn: (store: string) => boolean): TableInfo[] {
  return TABLES.flatMap((table) => (table.read === undefined ? [] : [infoOf(table, table.read, isOn)]));
}

function infoOf(
  { name, label, store, columns, shown }: Table,
  read: TableRead,
  isOn: (store: string) => boolean,
): TableInfo {
  const given = read.columns.map((column) => (typeof column === 'string' ? { name: column, of: column } : column));
  return {
    name,
    label,
    path: read.path,
    store,
    isOff: !isOn(store),
    columns: given.map((column) => ({
      name: column.name,
      kind: columns.find((entry) => entry.name === column.of)?.kind ?? 'text',
    })),
    shown: shown ?? given.map((column) => column.name),
  };
}
