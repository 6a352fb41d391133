/** The tables of the read models, as the API lists them. */
import type { TableInfo } from '../http/view.ts';
import { ENGINE_TYPES } from '../messages/types.ts';
import type { Table, TableRead } from '../projections/table.ts';
import { TABLES } from '../tables.ts';

/** What a pipeline makes rows of: records that its streams are of, and streams that it derives. */
export interface Filling {
  readonly records: readonly string[];
  readonly derived: readonly string[];
}

/** `isOn` says of a store whether the pipeline runs with it. */
export function tableInfos(isOn: (store: string) => boolean, filling: Filling): TableInfo[] {
  return TABLES.flatMap((table) => (table.read === undefined ? [] : [infoOf(table, table.read, isOn, filling)]));
}

/** What the engine itself says is in every pipeline. */
function isFilled({ eventType, output }: Table, { records, derived }: Filling): boolean {
  if (output !== undefined) return derived.includes(output.stream);
  return records.includes(eventType) || ENGINE_TYPES.some(({ name }) => name === eventType);
}

function infoOf(table: Table, read: TableRead, isOn: (store: string) => boolean, filling: Filling): TableInfo {
  const { name, label, store, columns, shown } = table;
  const given = read.columns.map((column) => (typeof column === 'string' ? { name: column, of: column } : column));
  return {
    name,
    label,
    path: read.path,
    store,
    isOff: !isOn(store),
    isFilled: isFilled(table, filling),
    columns: given.map((column) => ({
      name: column.name,
      kind: columns.find((entry) => entry.name === column.of)?.kind ?? 'text',
    })),
    shown: shown ?? given.map((column) => column.name),
  };
}
